"""What the steps with agents have in common: a project of their own for each, and servers in folders."""

import os
import tempfile
import uuid
from pathlib import Path

import requests

from machines import Server
from steps import Steps, make_token

# Notes in the server's journal that it ran.
NOTE = '#!/bin/sh\necho "$note" >>"$JOURNAL"\n'
# The same, and then waits until the step opens the gate.
GATED = NOTE + 'until [ -e "$gate" ]; do sleep 0.1; done\n'


class AgentSteps(Steps):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(dir=os.getcwd()))
        self.project = f"agents-{uuid.uuid4().hex}"
        self.token = make_token(self.project)
        self.connect(os.environ["SERVICE_URL"])

    def connect(self, service):
        self.service = service

    def call(self, method, path, status, body=None, project=None, token=None):
        """Calls the service, and returns the JSON of its response."""
        response = requests.request(
            method, f"{self.service}/v1/{project or self.project}/{path}", json=body, headers={"X-Auth-Token": token or self.token})
        self.assertEqual(status, response.status_code, response.text)
        return response.json() if response.content else None

    def address_of(self, server_id):
        return self.call("POST", "agents", 200, {"server_id": server_id})["agent"]["metadata_url"]

    def make_server(self, server_id="web-1"):
        """A server that was installed with its address, and whose agent must outlive the step."""
        server = Server(self.folder / f"server-{uuid.uuid4().hex}")
        self.addCleanup(server.stop)
        server.install(self.address_of(server_id))
        self.addCleanup(lambda: self.assertIsNone(server.agent.poll(), "the agent has died"))
        return server

    def create_config(self, script=NOTE, **fields):
        return self.call("POST", "software_configs", 200, {"group": "script", "config": script, **fields})["software_config"]["id"]

    def deploy(self, config_id, server_id="web-1", note="ran", **fields):
        values = {"note": note, **fields.pop("input_values", {})}
        body = {"config_id": config_id, "server_id": server_id, "action": "CREATE", "input_values": values, **fields}
        return self.call("POST", "software_deployments", 200, body)["software_deployment"]["id"]

    def deploy_script(self, script=NOTE, name=None, outputs=(), **fields):
        return self.deploy(self.create_config(script, name=name, outputs=list(outputs)), **fields)

    def update(self, deployment, **fields):
        return self.call("PUT", f"software_deployments/{deployment}", 200, fields)["software_deployment"]

    def show(self, deployment):
        return self.call("GET", f"software_deployments/{deployment}", 200)["software_deployment"]

    def outcome(self, deployment):
        """The deployment, once it is no longer in progress."""
        shown = self.call("GET", f"software_deployments/{deployment}?wait=50", 200)["software_deployment"]
        self.assertNotEqual("IN_PROGRESS", shown["status"], shown)
        return shown

    def history(self, deployment):
        """Who made each version of the deployment, and its status then."""
        events = self.call("GET", f"software_deployments/{deployment}/events", 200)["events"]
        return [(event["actor"], event["status"]) for event in events]

    def assert_complete(self, deployment):
        shown = self.outcome(deployment)
        self.assertEqual(("COMPLETE", "Outputs received"), (shown["status"], shown["status_reason"]), shown)
        return shown["output_values"]

    def assert_failed(self, deployment, reason):
        shown = self.outcome(deployment)
        self.assertEqual(("FAILED", reason), (shown["status"], shown["status_reason"]), shown)
        return shown["output_values"]
