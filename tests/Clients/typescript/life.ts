// The life of a deployment, by types that are generated from the OpenAPI document.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./build/openapi.js";
import { Proxy } from "./proxy.js";
import { watch, type FeedEvent } from "./watch.js";

type Deployment = components["schemas"]["SoftwareDeployment"];
type ChangeFeed = components["schemas"]["ChangeFeedEnvelope"];
type Refusal = components["schemas"]["Error"];

const [service, token] = [process.env["SERVICE_URL"]!, process.env["TOKEN"]!];
const client = createClient<paths>({ baseUrl: service, headers: { Authorization: `Bearer ${token}` } });
const project = { project_id: "typescript" };
const server = `web ${Date.now()}/1`;

const steps: [string, () => Promise<void>][] = [];
const step = (name: string, run: () => Promise<void>) => steps.push([name, run]);
const answered = <T>(answer: { data?: T; error?: Refusal }): T => {
  assert.equal(answer.error, undefined, answer.error?.detail);
  return answer.data!;
};

// The watcher's way to the service, so that its connection can be broken.
const proxy = new Proxy(new URL(service));
const watching = new AbortController();
let events: AsyncGenerator<FeedEvent, never>;
const nextEvent = async () => {
  const { type, deployment_id, version, status } = (await events.next()).value;
  return { type, deployment_id, version, status };
};

let config: components["schemas"]["SoftwareConfig"];
let deployment: Deployment;
const one = () => ({ params: { path: { ...project, id: deployment.id } } });

step("creates a configuration", async () => {
  const body = { name: "install", group: "script", config: "echo installed", inputs: [{ name: "port", type: "Number" as const }] };
  config = answered(await client.POST("/v1/{project_id}/software_configs", { params: { path: project }, body })).software_config;
  assert.deepEqual(config.inputs.map((input) => input.type), ["Number"]);
});

step("begins to watch, from now on", async () => {
  const query = { after: "now" };
  const page = answered(await client.GET("/v1/{project_id}/events", { params: { path: project, query } })) as ChangeFeed; // not a stream
  await proxy.up();
  const feed = new URL(`/v1/${project.project_id}/events?${new URLSearchParams({ after: page.next, server_id: server })}`, proxy.url);
  events = watch(feed, token, watching.signal);
  setTimeout(() => watching.abort(new Error("The event did not come.")), 60_000).unref();
});

step("creates a deployment of it", async () => {
  const body = { config_id: config.id, server_id: server, action: "CREATE", input_values: { port: 8080 } };
  deployment = answered(
    await client.POST("/v1/{project_id}/software_deployments", { params: { path: project }, body }),
  ).software_deployment;
  assert.equal(deployment.status satisfies "IN_PROGRESS" | "COMPLETE" | "FAILED", "IN_PROGRESS");
  assert.deepEqual(deployment.input_values, { port: 8080 });
  assert.equal(deployment.updated_time, undefined);
});

step("is told of the deployment", async () => {
  assert.deepEqual(await nextEvent(), { type: "created", deployment_id: deployment.id, version: 1, status: "IN_PROGRESS" });
});

step("lists it by its server and its status", async () => {
  const query = { server_id: server, status: "IN_PROGRESS", limit: 10 } as const;
  const page = answered(await client.GET("/v1/{project_id}/software_deployments", { params: { path: project, query } }));
  assert.deepEqual(page.software_deployments, [deployment]);
  assert.equal(page.software_deployments_links, undefined);
});

step("reads what the server's agent is to apply", async () => {
  const path = { ...project, server_id: server };
  const { metadata } = answered(await client.GET("/v1/{project_id}/software_deployments/metadata/{server_id}", { params: { path } }));
  assert.deepEqual(metadata, [config]);
});

step("reports how it went, while the watcher is not connected", async () => {
  await proxy.down();
  const body = { status: "COMPLETE", output_values: { address: "10.0.0.5" } } as const;
  deployment = answered(
    await client.PUT("/v1/{project_id}/software_deployments/{id}", { ...one(), body }),
  ).software_deployment;
  const shown = answered(await client.GET("/v1/{project_id}/software_deployments/{id}", one())).software_deployment;
  assert.equal(shown.status, "COMPLETE");
  assert.deepEqual(shown, deployment);
});

step("reads its history", async () => {
  const { events } = answered(await client.GET("/v1/{project_id}/software_deployments/{id}/events", one()));
  assert.deepEqual(events.map((event) => event.status), ["IN_PROGRESS", "COMPLETE"]);
});

step("is told of it when the watcher is connected again", async () => {
  await proxy.up();
  assert.deepEqual(await nextEvent(), { type: "changed", deployment_id: deployment.id, version: 2, status: "COMPLETE" });
});

step("is told what is wrong, field by field", async () => {
  const body = { config_id: " ", server_id: "" };
  const { error } = await client.POST("/v1/{project_id}/software_deployments", { params: { path: project }, body });
  assert.deepEqual(Object.keys(error!.errors!).sort(), ["config_id", "server_id"]);
});

step("deletes it, and finds it gone", async () => {
  const deleted = await client.DELETE("/v1/{project_id}/software_deployments/{id}", one());
  assert.equal(deleted.response.status, 204);
  const { error } = await client.GET("/v1/{project_id}/software_deployments/{id}", one());
  assert.equal(error?.type, "urn:deployments:error:not_found");
});

step("is told of the deletion, and stops watching", async () => {
  assert.deepEqual(await nextEvent(), { type: "deleted", deployment_id: deployment.id, version: 3, status: "COMPLETE" });
  watching.abort();
  await assert.rejects(nextEvent(), { name: "AbortError" });
  await proxy.down();
});

let passed = 0;
for (const [name, run] of steps) {
  await run();
  console.log(`ok: ${name}`);
  passed++;
}
console.log(`${passed} passed, 0 failed, 0 skipped`);
