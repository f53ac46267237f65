export default {
  input: "../../../docs/openapi.json",
  output: { path: "build/hey-api", importFileExtension: ".js" },
  plugins: ["@hey-api/client-fetch", "@hey-api/sdk", "@hey-api/typescript"],
};
