// The life of a deployment, by types that are generated from the OpenAPI document.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
const client = createClient({
    baseUrl: process.env["SERVICE_URL"],
    headers: { Authorization: `Bearer ${process.env["TOKEN"]}` },
});
const project = { project_id: "typescript" };
const server = `web ${Date.now()}/1`;
const steps = [];
const step = (name, run) => steps.push([name, run]);
const answered = (answer) => {
    assert.equal(answer.error, undefined, answer.error?.detail);
    return answer.data;
};
let config;
let deployment;
const one = () => ({ params: { path: { ...project, id: deployment.id } } });
step("creates a configuration", async () => {
    const body = { name: "install", group: "script", config: "echo installed", inputs: [{ name: "port", type: "Number" }] };
    config = answered(await client.POST("/v1/{project_id}/software_configs", { params: { path: project }, body })).software_config;
    assert.deepEqual(config.inputs.map((input) => input.type), ["Number"]);
});
step("creates a deployment of it", async () => {
    const body = { config_id: config.id, server_id: server, action: "CREATE", input_values: { port: 8080 } };
    deployment = answered(await client.POST("/v1/{project_id}/software_deployments", { params: { path: project }, body })).software_deployment;
    assert.equal(deployment.status, "IN_PROGRESS");
    assert.deepEqual(deployment.input_values, { port: 8080 });
    assert.equal(deployment.updated_time, undefined);
});
step("lists it by its server and its status", async () => {
    const query = { server_id: server, status: "IN_PROGRESS", limit: 10 };
    const page = answered(await client.GET("/v1/{project_id}/software_deployments", { params: { path: project, query } }));
    assert.deepEqual(page.software_deployments, [deployment]);
    assert.equal(page.software_deployments_links, undefined);
});
step("reads what the server's agent is to apply", async () => {
    const path = { ...project, server_id: server };
    const { metadata } = answered(await client.GET("/v1/{project_id}/software_deployments/metadata/{server_id}", { params: { path } }));
    assert.deepEqual(metadata, [config]);
});
step("reports how it went", async () => {
    const body = { status: "COMPLETE", output_values: { address: "10.0.0.5" } };
    deployment = answered(await client.PUT("/v1/{project_id}/software_deployments/{id}", { ...one(), body })).software_deployment;
    const shown = answered(await client.GET("/v1/{project_id}/software_deployments/{id}", one())).software_deployment;
    assert.equal(shown.status, "COMPLETE");
    assert.deepEqual(shown, deployment);
});
step("reads its history", async () => {
    const { events } = answered(await client.GET("/v1/{project_id}/software_deployments/{id}/events", one()));
    assert.deepEqual(events.map((event) => event.status), ["IN_PROGRESS", "COMPLETE"]);
});
step("is told what is wrong, field by field", async () => {
    const body = { config_id: " ", server_id: "" };
    const { error } = await client.POST("/v1/{project_id}/software_deployments", { params: { path: project }, body });
    assert.deepEqual(Object.keys(error.errors).sort(), ["config_id", "server_id"]);
});
step("deletes it, and finds it gone", async () => {
    const deleted = await client.DELETE("/v1/{project_id}/software_deployments/{id}", one());
    assert.equal(deleted.response.status, 204);
    const { error } = await client.GET("/v1/{project_id}/software_deployments/{id}", one());
    assert.equal(error?.type, "urn:deployments:error:not_found");
});
let passed = 0;
for (const [name, run] of steps) {
    await run();
    console.log(`ok: ${name}`);
    passed++;
}
console.log(`${passed} passed, 0 failed, 0 skipped`);
