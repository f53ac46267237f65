"""Addresses that are revoked or signed with another key, and a service that is down."""

import base64
import os
import time

import requests

from agent_steps import GATED, AgentSteps
from machines import Service, wait_until

OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))


def keys(*values):
    return {f"Deployments__AgentKeys__{index}": value for index, value in enumerate(values)}


class InterruptedSteps(AgentSteps):
    """With an instance of the service that the step may stop."""

    def setUp(self):
        super().setUp()
        self.instance = Service(self.folder / "service.log", **keys(OLD))
        self.addCleanup(self.instance.stop)
        self.connect(self.instance.url)
        self.gate = self.folder / "gate"

    def restart(self, *values):
        self.instance.stop()
        self.instance.start(**keys(*values))

    def start_gated(self, server, **fields):
        """A deployment whose script has started, and waits for the gate."""
        deployment = self.deploy_script(GATED, input_values={"gate": str(self.gate)}, **fields)
        wait_until(server.ran, "the script has started")
        return deployment


class Revocation(InterruptedSteps):
    def test_a_revoked_address_gives_nothing_more_and_the_next_one_does(self):
        server, other = self.make_server(), self.make_server("web-2")
        self.assert_complete(self.deploy_script(note="before"))
        revoked = self.address_of("web-1")

        self.call("DELETE", "agents/web-1", 204)

        self.assertEqual(404, requests.get(revoked).status_code)
        deployment = self.deploy_script(note="after")
        self.assert_complete(self.deploy_script(server_id="web-2", note="elsewhere"))
        server.wait_for_polls()
        self.assertEqual((["before"], ["elsewhere"]), (server.ran(), other.ran()))
        self.assertEqual("IN_PROGRESS", self.show(deployment)["status"])

        self.assertNotEqual(revoked, self.address_of("web-1"))
        server.install(self.address_of("web-1"))
        self.assert_complete(deployment)
        self.assertEqual(["before", "before", "after"], server.ran())

    def test_an_outcome_for_a_revoked_address_is_refused(self):
        server = self.make_server()
        deployment = self.start_gated(server)

        self.call("DELETE", "agents/web-1", 204)
        self.gate.touch()

        server.wait_for_report(deployment)
        self.assertEqual(1, server.count("heat-config-notify: 404"))
        self.assertEqual([(self.history(deployment)[0][0], "IN_PROGRESS")], self.history(deployment))


class KeyRotation(InterruptedSteps):
    def test_an_agent_follows_a_rotation_of_keys_and_runs_each_deployment_once(self):
        server, old = self.make_server(), self.address_of("web-1")
        self.assert_complete(self.deploy_script(note="old"))

        self.restart(OLD, NEW)
        self.assertEqual(old, self.address_of("web-1"))
        self.assert_complete(self.deploy_script(note="added"))

        self.restart(NEW, OLD)
        new = self.address_of("web-1")
        self.assertNotEqual(old, new)
        self.assert_complete(self.deploy_script(note="first"))
        wait_until(lambda: new in server.settings.read_text(), "the agent has the new address")
        self.assertEqual(200, requests.get(old).status_code)

        self.restart(NEW)
        self.assertEqual(404, requests.get(old).status_code)
        self.assert_complete(self.deploy_script(note="alone"))
        server.wait_for_polls()
        self.assertEqual(["old", "added", "first", "alone"], server.ran())
        self.assertEqual(0o600, server.settings.stat().st_mode & 0o777)

    def test_an_outcome_for_an_address_signed_with_the_former_key_is_stored(self):
        server = self.make_server()
        deployment = self.start_gated(server)

        self.restart(NEW, OLD)
        self.gate.touch()

        self.assert_complete(deployment)


class Outages(InterruptedSteps):
    def test_an_outcome_that_is_due_while_the_service_is_down_for_20_s_is_stored_once(self):
        server = self.make_server()
        deployment = self.start_gated(server)

        self.instance.stop()
        self.gate.touch()
        wait_until(lambda: server.count(f"ran {deployment}"), "the script has ended")
        time.sleep(20)
        self.instance.start(**keys(OLD))

        self.assert_complete(deployment)
        self.assertEqual(["ran"], server.ran())
        self.assertEqual(["IN_PROGRESS", "COMPLETE"], [status for _, status in self.history(deployment)])

    def test_an_agent_outlives_an_outage_and_runs_what_is_deployed_after_it(self):
        server = self.make_server()
        self.assert_complete(self.deploy_script(note="before"))

        self.instance.stop()
        server.wait_for_polls()
        self.instance.start(**keys(OLD))

        self.assert_complete(self.deploy_script(note="after"))
        self.assertEqual(["before", "after"], server.ran())


class Secrecy(InterruptedSteps):
    def test_no_part_of_an_address_is_in_the_log(self):
        server = self.make_server()
        self.assert_complete(self.deploy_script())
        address = self.address_of("web-1")
        requests.get(address[:-1])
        self.call("DELETE", "agents/web-1", 204)
        server.wait_for_polls()
        self.instance.stop()

        log = self.instance.log.read_text()

        self.assertIn("404", log)
        *_, agent, mac = address.split("/")
        for part in (agent, mac, mac[:10]):
            self.assertNotIn(part, log)
