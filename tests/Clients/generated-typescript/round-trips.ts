// A deployment is created, listed and changed, and a refusal's reason read, by the client of each generator.
import assert from "node:assert/strict";
import { isAxiosError } from "axios";
import { client } from "./build/hey-api/client.gen.js";
import * as heyApi from "./build/hey-api/sdk.gen.js";
import type { DeploymentStatus } from "./build/hey-api/types.gen.js";
import * as orval from "./build/orval.js";
import { createApiClient } from "./build/zod.js";

const [service, token] = [process.env["SERVICE_URL"]!, process.env["TOKEN"]!];
const project_id = "generated";

interface Deployment {
  id: string;
  status: DeploymentStatus;
}

interface RoundTrip {
  create(server_id: string, status: DeploymentStatus): Promise<Deployment>;
  list(server_id: string, status: DeploymentStatus): Promise<Deployment[]>;
  update(id: string, status: DeploymentStatus): Promise<Deployment>;
  reason(): Promise<string>; // of a deployment of nothing
}

const config_id = "8da95794-2ad9-4979-8ae5-739ce314c5cd";

client.setConfig({ baseUrl: service, auth: token });
const byHeyApi: RoundTrip = {
  async create(server_id, status) {
    const { data } = await heyApi.createSoftwareDeployment({ path: { project_id }, body: { config_id, server_id, status }, throwOnError: true });
    return data.software_deployment;
  },
  async list(server_id, status) {
    const { data } = await heyApi.listSoftwareDeployments({ path: { project_id }, query: { server_id, status }, throwOnError: true });
    return data.software_deployments;
  },
  async update(id, status) {
    const { data } = await heyApi.updateSoftwareDeployment({ path: { project_id, id }, body: { status }, throwOnError: true });
    return data.software_deployment;
  },
  async reason() {
    const { error } = await heyApi.createSoftwareDeployment({ path: { project_id }, body: { config_id: "", server_id: "web-1" } });
    return error!.detail;
  },
};

const byOrval: RoundTrip = {
  async create(server_id, status) {
    const response = await orval.createSoftwareDeployment(project_id, { config_id, server_id, status });
    assert(response.status === 200);
    return response.data.software_deployment;
  },
  async list(server_id, status) {
    const response = await orval.listSoftwareDeployments(project_id, { server_id, status });
    assert(response.status === 200);
    return response.data.software_deployments;
  },
  async update(id, status) {
    const response = await orval.updateSoftwareDeployment(project_id, id, { status });
    assert(response.status === 200);
    return response.data.software_deployment;
  },
  async reason() {
    const response = await orval.createSoftwareDeployment(project_id, { config_id: "", server_id: "web-1" });
    assert(response.status === 400);
    return response.data.detail;
  },
};

const zodios = createApiClient(service, { axiosConfig: { headers: { Authorization: `Bearer ${token}` } } });
const byZod: RoundTrip = {
  async create(server_id, status) {
    const body = { config_id, server_id, status };
    return (await zodios.createSoftwareDeployment(body, { params: { project_id } })).software_deployment;
  },
  async list(server_id, status) {
    return (await zodios.listSoftwareDeployments({ params: { project_id }, queries: { server_id, status } })).software_deployments;
  },
  async update(id, status) {
    return (await zodios.updateSoftwareDeployment({ status }, { params: { project_id, id } })).software_deployment;
  },
  async reason() {
    // What the schemas refuse is not sent, so this is refused by the service alone: a path of another project.
    const refused = zodios.listSoftwareDeployments({ params: { project_id: "another" } });
    return refused.then(() => assert.fail("It was not refused."), (error) => {
      assert(isAxiosError<{ detail: string }>(error) && error.response);
      return error.response.data.detail;
    });
  },
};

let passed = 0, failed = 0;
for (const [generator, trip] of Object.entries({ "hey-api": byHeyApi, orval: byOrval, "openapi-zod-client": byZod })) {
  try {
    const server = `${generator}-${Date.now()}`;
    const created = await trip.create(server, "IN_PROGRESS");
    assert.equal(created.status, "IN_PROGRESS");
    assert.deepEqual((await trip.list(server, "IN_PROGRESS")).map(({ id }) => id), [created.id]);
    assert.equal((await trip.update(created.id, "COMPLETE")).status, "COMPLETE");
    assert.deepEqual(await trip.list(server, "IN_PROGRESS"), []);
    assert.match(await trip.reason(), generator === "openapi-zod-client" ? /another/ : /config_id/);
    console.log(`ok: ${generator}`);
    passed++;
  } catch (error) {
    console.log(`FAILED: ${generator}:`, error);
    failed++;
  }
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;
