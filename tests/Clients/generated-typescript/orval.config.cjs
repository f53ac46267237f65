module.exports = {
  deployments: {
    input: "../../../docs/openapi.json",
    output: {
      target: "build/orval.ts",
      client: "fetch",
      override: { mutator: { path: "orval-fetch.ts", name: "send", extension: ".js" } },
    },
  },
};
