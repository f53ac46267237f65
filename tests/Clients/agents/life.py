"""What is deployed is run by the server's agent, and its outcome reported: COMPLETE or FAILED, with outputs, once for each run."""

from agent_steps import GATED, NOTE, AgentSteps
from machines import wait_until
from steps import make_token


class Runs(AgentSteps):
    def test_deployments_run_in_the_order_of_their_configs_names(self):
        for name in ("c", "a", "b"):
            self.deploy_script(name=name, note=name)
        last = self.deploy_script(name="d", note="d")

        server = self.make_server()

        self.assertEqual({"deploy_stdout": "", "deploy_stderr": "", "deploy_status_code": 0}, self.assert_complete(last))
        self.assertEqual(["a", "b", "c", "d"], server.ran())
        deployments = self.call("GET", "software_deployments", 200)["software_deployments"]
        self.assertEqual(["COMPLETE"] * 4, [deployment["status"] for deployment in deployments])

    def test_a_deployment_that_is_made_later_runs_too(self):
        server = self.make_server()
        self.assert_complete(self.deploy_script(note="first"))

        deployment = self.deploy_script(note="second")

        self.assert_complete(deployment)
        self.assertEqual(["first", "second"], server.ran())
        (creator, created), reported = self.history(deployment)
        self.assertNotEqual("agent", creator)
        self.assertEqual(("IN_PROGRESS", ("agent", "COMPLETE")), (created, reported))

    def test_inputs_are_the_scripts_environment(self):
        names = ["port", "owner", "nothing", "hosts", "extra", "deploy_server_id", "deploy_action", "deploy_signal_transport",
                 "deploy_signal_verb"]
        script = "#!/bin/sh\n" + "".join(f'printf "%s\\n" "{name}=${name}"\n' for name in names)
        config = self.create_config(script, inputs=[
            {"name": "port", "default": "80"}, {"name": "owner"}, {"name": "nothing"},
            {"name": "hosts", "type": "CommaDelimitedList", "default": ["a", "b"]}])
        self.make_server()

        deployment = self.deploy(config, input_values={"owner": "Größe", "port": 81, "extra": "given alone"})

        self.assertEqual(
            ["port=81", "owner=Größe", "nothing=None", 'hosts=["a", "b"]', "extra=given alone", "deploy_server_id=web-1",
             "deploy_action=CREATE", "deploy_signal_transport=TEMP_URL_SIGNAL", "deploy_signal_verb=PUT"],
            self.assert_complete(deployment)["deploy_stdout"].splitlines())

    def test_declared_outputs_are_reported_as_they_were_written(self):
        script = ('#!/bin/sh\necho "Grüße"\necho warned >&2\nprintf "192.0.2.1\\n" >"$heat_outputs_path.address"\n'
                  'echo kept from all >"$heat_outputs_path.undeclared"\n')
        self.make_server()

        deployment = self.deploy_script(script, outputs=[{"name": "address"}, {"name": "unwritten"}])

        self.assertEqual(
            {"address": "192.0.2.1\n", "deploy_stdout": "Grüße\n", "deploy_stderr": "warned\n", "deploy_status_code": 0},
            self.assert_complete(deployment))

    def test_a_long_output_is_stored_whole(self):
        self.make_server()

        deployment = self.deploy_script("#!/bin/sh\nhead -c 900000 /dev/zero | tr '\\0' x\n")

        self.assertEqual("x" * 900_000, self.assert_complete(deployment)["deploy_stdout"])

    def test_an_agent_runs_what_is_deployed_to_its_own_server(self):
        servers = [self.make_server(server_id) for server_id in ("rack/ü 2", "web-1")]

        deployments = [self.deploy_script(server_id=server_id, note=server_id[0]) for server_id in ("rack/ü 2", "web-1")]

        for deployment in deployments:
            self.assert_complete(deployment)
        self.assertEqual([["r"], ["w"]], [server.ran() for server in servers])

    def test_what_another_project_shares_does_not_run(self):
        server, other = self.make_server(), f"{self.project}-b"
        access = {"project": other, "token": make_token(other)}
        config = self.call(
            "POST", "software_configs", 200, {"name": "a", "group": "script", "config": NOTE}, **access)["software_config"]["id"]
        self.call("POST", "software_deployments", 200, {
            "config_id": config, "server_id": "web-1", "stack_user_project_id": self.project, "input_values": {"note": "theirs"}}, **access)

        self.assert_complete(self.deploy_script(name="b", note="ours"))

        server.wait_for_polls()
        self.assertEqual(["ours"], server.ran())

    def test_nothing_runs_while_nothing_changes(self):
        server = self.make_server()
        self.assert_complete(self.deploy_script(timeout=3600))
        server.wait_for_polls()
        refreshed = server.count("Starting phase configure")

        server.wait_for_polls()

        self.assertEqual((["ran"], refreshed), (server.ran(), server.count("Starting phase configure")))

    def test_the_settings_with_the_address_stay_private(self):
        server = self.make_server()
        installed = server.settings.stat()

        self.assert_complete(self.deploy_script())

        rendered = server.settings.stat()
        self.assertNotEqual(installed.st_ino, rendered.st_ino)
        self.assertEqual(0o600, rendered.st_mode & 0o777)


class Failures(AgentSteps):
    def test_a_script_that_fails_fails_its_deployment_alone(self):
        server = self.make_server()

        failing = self.deploy_script("#!/bin/sh\necho started\necho broken >&2\nexit 3\n", name="a")
        working = self.deploy_script(name="b")

        self.assertEqual(
            {"deploy_stdout": "started\n", "deploy_stderr": "broken\n", "deploy_status_code": 3},
            self.assert_failed(failing, "deploy_status_code : Deployment exited with non-zero status code: 3"))
        self.assert_complete(working)
        self.assertEqual(["ran"], server.ran())

    def test_an_error_output_fails_the_deployment(self):
        self.make_server()

        deployment = self.deploy_script(
            '#!/bin/sh\nprintf "no disk" >"$heat_outputs_path.failure"\n', outputs=[{"name": "failure", "error_output": True}])

        self.assertEqual("no disk", self.assert_failed(deployment, "failure : no disk")["failure"])

    def test_a_hook_that_crashes_does_not_reveal_the_signal_address(self):
        server = self.make_server()

        deployment = self.deploy_script("a script without an interpreter\n", input_values={"visible": "in the report"})

        values = self.assert_failed(deployment, "deploy_status_code : Deployment exited with non-zero status code: 1")
        self.assertIn("script: visible=in the report\n", values["deploy_stderr"])
        self.assertIn("script: deploy_signal_id=[signal address]\n", values["deploy_stderr"])
        self.assertNotIn("/signals/", str(values))
        self.assertIsNone(server.agent.poll())

    def test_without_a_hook_the_timeout_ends_the_deployment(self):
        self.make_server()

        deployment = self.deploy(self.create_config(group="puppet"), timeout=3)

        self.assertIsNone(self.assert_failed(deployment, "Timed out after 3 s"))
        self.assertEqual(("deadline", "FAILED"), self.history(deployment)[-1])

    def test_an_outcome_after_the_timeout_is_ignored(self):
        server, gate = self.make_server(), self.folder / "gate"
        deployment = self.deploy_script(GATED, input_values={"gate": str(gate)}, timeout=10)
        wait_until(server.ran, "the script has started")
        self.assert_failed(deployment, "Timed out after 10 s")

        gate.touch()

        server.wait_for_report(deployment)
        self.assertEqual(["IN_PROGRESS", "FAILED"], [status for _, status in self.history(deployment)])
        self.assertIsNone(self.show(deployment)["output_values"])


class Changes(AgentSteps):
    def setUp(self):
        super().setUp()
        self.server = self.make_server()

    def complete(self):
        """A deployment that has run once."""
        deployment = self.deploy_script(note="first")
        self.assert_complete(deployment)
        return deployment

    def test_other_inputs_run_anew(self):
        deployment = self.complete()

        self.update(deployment, input_values={"note": "second"}, status="IN_PROGRESS")

        self.assert_complete(deployment)
        self.assertEqual(["first", "second"], self.server.ran())
        self.assertEqual(["IN_PROGRESS", "COMPLETE"] * 2, [status for _, status in self.history(deployment)])

    def test_another_config_runs(self):
        deployment = self.complete()

        self.update(deployment, config_id=self.create_config("#!/bin/sh\necho another\n"), status="IN_PROGRESS")

        self.assertEqual("another\n", self.assert_complete(deployment)["deploy_stdout"])

    def test_a_failed_deployment_runs_again_once_it_is_in_progress(self):
        deployment = self.deploy_script('#!/bin/sh\necho "$note" >>"$JOURNAL"\n[ -e "$gate" ]\n', input_values={
            "gate": str(self.folder / "gate")})
        self.assert_failed(deployment, "deploy_status_code : Deployment exited with non-zero status code: 1")
        (self.folder / "gate").touch()

        self.update(deployment, status="IN_PROGRESS")

        self.assert_complete(deployment)
        self.assertEqual(["ran", "ran"], self.server.ran())

    def test_other_inputs_of_a_finished_deployment_run_and_their_outcome_is_ignored(self):
        deployment = self.complete()

        changed = self.update(deployment, input_values={"note": "second"})

        wait_until(lambda: self.server.ran() == ["first", "second"], "the script has run again")
        self.server.wait_for_polls()
        self.assertEqual(changed, self.show(deployment))

    def test_what_the_agent_does_not_apply_does_not_run_anew(self):
        deployment = self.complete()

        self.update(deployment, status_reason="Checked by hand", output_values={"checked": True})

        self.assert_complete(self.deploy_script(note="other"))
        self.assertEqual(["first", "other"], self.server.ran())

    def test_an_outcome_of_an_earlier_run_is_ignored(self):
        gate = self.folder / "gate"
        deployment = self.deploy_script(GATED, note="first", input_values={"gate": str(gate)})
        wait_until(self.server.ran, "the script has started")

        self.update(deployment, input_values={"note": "second", "gate": str(gate)})
        gate.touch()

        self.assert_complete(deployment)
        self.assertEqual(["first", "second"], self.server.ran())
        self.assertEqual(["IN_PROGRESS", "IN_PROGRESS", "COMPLETE"], [status for _, status in self.history(deployment)])

    def test_a_deleted_deployment_does_not_run_again_and_the_others_neither(self):
        self.assert_complete(self.deploy_script(note="other"))
        self.call("DELETE", f"software_deployments/{self.complete()}", 204)

        self.server.install(self.address_of("web-1"))

        wait_until(lambda: len(self.server.ran()) > 2, "the server installed anew runs what is left")
        self.server.wait_for_polls()
        self.assertEqual(["other", "first", "other"], self.server.ran())


class Reinstallation(AgentSteps):
    def test_a_server_that_is_installed_anew_runs_all_again_and_its_outcomes_are_ignored(self):
        server = self.make_server()
        deployments = [self.deploy_script(name="a", note="a"), self.deploy_script("#!/bin/sh\nexit 1\n", name="b")]
        before = [self.outcome(deployment) for deployment in deployments]
        for deployment in deployments:
            server.wait_for_report(deployment)

        server.install(self.address_of("web-1"))

        for deployment in deployments:
            server.wait_for_report(deployment, times=2)
        self.assertEqual(["a", "a"], server.ran())
        self.assertEqual(before, [self.show(deployment) for deployment in deployments])

    def test_a_server_that_is_installed_anew_completes_what_was_not_reported(self):
        server, gate = self.make_server(), self.folder / "gate"
        deployment = self.deploy_script(GATED, input_values={"gate": str(gate)})
        wait_until(server.ran, "the script has started")

        server.install(self.address_of("web-1"))
        gate.touch()

        self.assert_complete(deployment)
        self.assertEqual(["ran", "ran"], server.ran())

    def test_a_server_that_is_rebooted_runs_nothing_again(self):
        server = self.make_server()
        self.assert_complete(self.deploy_script(note="before"))

        server.reboot()

        self.assert_complete(self.deploy_script(note="after"))
        self.assertEqual(["before", "after"], server.ran())
