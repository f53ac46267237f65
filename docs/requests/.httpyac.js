// httpYac has the body of a named response by its name, and the response by its name and "Response". The requests refer to both as the REST
// clients of Visual Studio Code and Visual Studio do.
module.exports = {
  configureHooks: (api) =>
    api.hooks.replaceVariable.addHook(
      "named responses",
      (text) =>
        typeof text !== "string"
          ? text
          : text
              .replace(/\{\{(\w+)\.response\.body\.\$\./g, "{{$1.")
              .replace(/\{\{(\w+)\.response\.headers\.([\w-]+)\}\}/g, (_, name, header) => `{{${name}Response.headers["${header.toLowerCase()}"]}}`),
      { before: ["javascript"] },
    ),
};
