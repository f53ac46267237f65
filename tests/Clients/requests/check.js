// Reads what httpYac sent, and compares each status with the one at the end of the request's title.
const { readFileSync } = require("node:fs");

const { requests } = JSON.parse(readFileSync(0, "utf8"));
let failed = 0;
for (const { title, response, testResults } of requests) {
  const [, expected] = /: (\d{3})$/.exec(title ?? "") ?? [];
  const status = response?.statusCode ?? testResults[0]?.message;
  const ok = String(status) === expected;
  failed += ok ? 0 : 1;
  console.log(ok ? `ok: ${title}` : `FAILED: ${title}, but got ${status}`);
}
console.log(`${requests.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;
