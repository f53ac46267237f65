"""The openstack command line, as an operator uses it."""

import json
import os
import shlex
import subprocess
import tempfile
import uuid

import yaml

from project import INPUTS, OPTIONS, OUTPUTS, OUTPUTS_SHOWN, SCRIPT, TIME, UUID, ProjectSteps, print_run, shorten
from steps import make_token


class CommandSteps(ProjectSteps):
    def openstack(self, *arguments, token=None, project=None):
        """Runs the command, and answers its exit code, its output and its complaints."""
        endpoint = self.endpoint.replace(self.project, project or self.project)
        access = ["openstack", "--os-auth-type", "admin_token", "--os-endpoint", endpoint, "--os-token"]
        print_run(f"{shlex.join(access)} *** {shlex.join(shorten(argument) for argument in arguments)}")
        finished = subprocess.run([*access, token or self.token, *arguments], capture_output=True, text=True)
        return finished.returncode, finished.stdout, finished.stderr

    def succeed(self, *arguments, **access):
        code, output, complaints = self.openstack(*arguments, **access)
        self.assertEqual((0, ""), (code, complaints))
        return output

    def read(self, *arguments, **access):
        return json.loads(self.succeed(*arguments, "--format", "json", **access))

    def fail_with(self, text, *arguments, **access):
        """The command fails, and the text is in what it says."""
        code, output, complaints = self.openstack(*arguments, **access)
        self.assertNotEqual(0, code, output)
        self.assertIn(text, output + complaints)

    def write(self, text):
        with tempfile.NamedTemporaryFile("w", dir=os.getcwd(), delete=False) as file:
            file.write(text)
        return file.name

    def write_definition(self, **definition):
        return self.write(yaml.safe_dump(definition))


class ConfigCommands(CommandSteps):
    def test_create_prints_the_config_as_it_was_stored(self):
        printed = self.read(
            "software", "config", "create", "web", "--group", "script",
            "--config-file", self.write(SCRIPT),
            "--definition-file", self.write_definition(inputs=INPUTS, outputs=OUTPUTS, options=OPTIONS))

        self.assert_config(printed)
        self.assert_config(self.heat.software_configs.get(printed["id"]).to_dict())

    def test_create_needs_no_more_than_a_name(self):
        printed = self.read("software", "config", "create", "bare")

        self.assertRegex(printed.pop("id"), UUID)
        self.assertRegex(printed.pop("creation_time"), TIME)
        self.assertEqual(
            {"name": "bare", "group": "Heat::Ungrouped", "config": "", "inputs": [], "outputs": [], "options": {}}, printed)

    def test_create_says_which_field_of_the_definition_is_wrong(self):
        inputs = "template.resources.web.properties.inputs"
        outputs = "template.resources.web.properties.outputs"
        for definition, message in [
            ({"inputs": [{"name": "port", "type": "Integer"}]},
             f"{inputs}[0].type must be one of String, Number, CommaDelimitedList, Json, Boolean."),
            ({"inputs": [{"name": "host"}, {"name": "port", "type": "Number", "default": "http"}]},
             f"{inputs}[1].default does not fit the type Number."),
            ({"inputs": [{"type": "Number"}]}, f"{inputs}[0].name is required."),
            ({"inputs": [{"name": "port"}, {"name": "port"}]}, f"{inputs}[1].name is a duplicate: port."),
            ({"inputs": {"port": 80}}, f"{inputs} must be a list."),
            ({"outputs": [{"name": "address", "colour": "red"}]}, f"{outputs}[0].colour is not a supported field."),
            ({"options": ["cwd"]}, "template.resources.web.properties.options must be a JSON object."),
        ]:
            file = self.write_definition(**definition)
            self.fail_with(f"ERROR: {message}", "software", "config", "create", "web", "--definition-file", file)

        self.assertEqual([], self.heat.software_configs.list())

    def test_create_says_that_a_name_is_too_long(self):
        self.fail_with("name must have at most 255 characters.", "software", "config", "create", "n" * 256)

    def test_list_prints_every_config_newest_first(self):
        created = [self.create_config(f"config-{number}") for number in range(3)]

        self.assertEqual(
            [
                {"id": config.id, "name": config.name, "group": "script", "creation_time": config.creation_time}
                for config in reversed(created)
            ],
            self.read("software", "config", "list"))

    def test_list_of_nothing_is_empty(self):
        self.assertEqual([], self.read("software", "config", "list"))
        self.assertEqual([], self.read("software", "config", "list", "--limit", "2"))

    def test_list_in_pages_ends_after_each_config_was_printed_once(self):
        created = [self.create_config(f"config-{number}").id for number in range(5)]

        page = self.read("software", "config", "list", "--limit", "2")
        pages = [page]
        while page:
            page = self.read("software", "config", "list", "--limit", "2", "--marker", page[-1]["id"])
            pages.append(page)

        self.assertEqual([2, 2, 1, 0], [len(page) for page in pages])
        self.assertEqual(created[::-1], [config["id"] for page in pages for config in page])

    def test_list_says_what_is_wrong_with_limit_and_marker(self):
        for limit in ("0", "-1", "1001"):
            self.fail_with("ERROR: limit must be from 1 to 1000.", "software", "config", "list", f"--limit={limit}")
        self.fail_with("ERROR: limit must be an integer.", "software", "config", "list", "--limit", "many")
        self.fail_with("ERROR: marker must be a UUID.", "software", "config", "list", "--marker", "last")

    def test_show_prints_the_config(self):
        config = self.create_config()

        self.assert_config(self.read("software", "config", "show", config.id))
        self.assert_config(yaml.safe_load(self.succeed("software", "config", "show", config.id)))

    def test_show_config_only_prints_the_script(self):
        self.assertEqual(f"{SCRIPT}\n", self.succeed("software", "config", "show", "--config-only", self.create_config().id))

    def test_show_of_an_unknown_config_says_that_there_is_none(self):
        unknown = str(uuid.uuid4())

        self.fail_with(f"Configuration not found: {unknown}", "software", "config", "show", unknown)
        self.fail_with(f"There is no software config {unknown} in this project.", "--debug", "software", "config", "show", unknown)
        self.fail_with("Configuration not found: web", "software", "config", "show", "web")

    def test_delete_removes_the_configs(self):
        configs = [self.create_config().id for _ in range(2)]

        self.assertEqual("", self.succeed("software", "config", "delete", *configs))
        self.assertEqual([], self.read("software", "config", "list"))

    def test_delete_of_an_unknown_config_says_that_there_is_none(self):
        unknown = str(uuid.uuid4())

        self.fail_with(f"Software config with ID {unknown} not found", "software", "config", "delete", unknown)

    # The command keeps the reason to itself; --debug shows it.
    def test_delete_of_a_config_in_use_is_refused(self):
        config = self.create_config()
        self.create_deployment(config.id)

        self.fail_with("Unable to delete 1 of the 1 software configs.", "software", "config", "delete", config.id)
        self.fail_with(
            f"The software config {config.id} is in use: a software deployment refers to it.",
            "--debug", "software", "config", "delete", config.id)
        self.assert_config(self.read("software", "config", "show", config.id))


class DeploymentCommands(CommandSteps):
    def create(self, *options, name="apply-web", server="server-1"):
        return self.read("software", "deployment", "create", "--signal-transport", "NO_SIGNAL", "--server", server, *options, name)

    def test_create_prints_the_deployment_of_a_derived_config(self):
        config = self.create_config()

        printed = self.create("--config", config.id, "--input-value", "port=81", "--input-value", "zone=ä", "--action", "CREATE")

        self.assertRegex(printed.pop("id"), UUID)
        self.assertRegex(printed.pop("creation_time"), TIME)
        derived = self.heat.software_configs.get(printed.pop("config_id"))
        self.assertEqual(
            {
                "server_id": "server-1", "action": "CREATE", "status": "IN_PROGRESS", "status_reason": None,
                "input_values": None, "output_values": None,
            },
            printed)
        self.assertNotEqual(config.id, derived.id)
        self.assertEqual(
            ("apply-web", "script", SCRIPT, OPTIONS, OUTPUTS_SHOWN),
            (derived.name, derived.group, derived.config, derived.options, derived.outputs))

        # An input without a value has the value null: the agent on the server looks it up by name.
        self.assertEqual(
            {
                "port": "81", "owner": None, "hosts": "a,b", "debug": False, "extra": {"z": [1, None], "a": "ß"}, "zone": "ä",
                "deploy_server_id": "server-1", "deploy_action": "CREATE", "deploy_signal_transport": "NO_SIGNAL",
            },
            {given["name"]: given["value"] for given in derived.inputs})

    def test_create_prints_yaml_for_people(self):
        printed = yaml.safe_load(
            self.succeed("software", "deployment", "create", "--signal-transport", "NO_SIGNAL", "--server", "server-1", "bare"))

        self.assertEqual(("UPDATE", "IN_PROGRESS"), (printed["action"], printed["status"]))

    def test_create_from_an_unknown_config_says_that_there_is_none(self):
        unknown = str(uuid.uuid4())

        self.fail_with(
            f"Software configuration not found: {unknown}",
            "software", "deployment", "create", "--signal-transport", "NO_SIGNAL", "--server", "server-1", "--config", unknown, "web")

    def test_create_says_which_field_is_wrong(self):
        command = ["software", "deployment", "create", "--signal-transport", "NO_SIGNAL"]

        self.fail_with("ERROR: server_id must have at most 255 characters.", *command, "--server", "s" * 256, "web")
        self.fail_with("ERROR: server_id must not be blank.", *command, "--server", " ", "web")
        self.fail_with("ERROR: action must have at most 255 characters.", *command, "--server", "s", "--action", "a" * 256, "web")

    def test_list_prints_every_deployment_oldest_first(self):
        created = [self.create_deployment(server_id=server, action="CREATE") for server in ("server-1", "server-2", "server-1")]
        rows = [
            {
                "id": deployment.id, "config_id": "held-elsewhere", "server_id": deployment.server_id,
                "action": "CREATE", "status": "IN_PROGRESS",
            }
            for deployment in created
        ]

        self.assertEqual(rows, self.read("software", "deployment", "list"))
        self.assertEqual([rows[0], rows[2]], self.read("software", "deployment", "list", "--server", "server-1"))
        self.assertEqual([], self.read("software", "deployment", "list", "--server", "server-3"))
        self.assertEqual(
            [{**row, "creation_time": made.creation_time, "status_reason": None} for row, made in zip(rows, created)],
            self.read("software", "deployment", "list", "--long"))

    def test_show_prints_the_deployment_before_and_after_a_change(self):
        deployment = self.create_deployment(action="CREATE", input_values={"port": 81})
        shown = {
            "id": deployment.id, "server_id": "server-1", "config_id": "held-elsewhere", "creation_time": deployment.creation_time,
            "updated_time": "", "status": "IN_PROGRESS", "status_reason": None, "input_values": {"port": 81}, "action": "CREATE",
        }
        self.assertEqual(shown, self.read("software", "deployment", "show", deployment.id))

        self.heat.software_deployments.update(
            deployment.id, status="COMPLETE", status_reason="Outputs received", output_values={"address": "192.0.2.1"})

        changed = self.read("software", "deployment", "show", deployment.id, "--long")
        self.assertRegex(changed.pop("updated_time"), TIME)
        del shown["updated_time"]
        self.assertEqual(
            {**shown, "status": "COMPLETE", "status_reason": "Outputs received", "output_values": {"address": "192.0.2.1"}}, changed)

    def test_show_of_an_unknown_deployment_says_that_there_is_none(self):
        unknown = str(uuid.uuid4())

        self.fail_with(f"Software Deployment not found: {unknown}", "software", "deployment", "show", unknown)
        self.fail_with(
            f"There is no software deployment {unknown} in this project.", "--debug", "software", "deployment", "show", unknown)

    def test_metadata_show_prints_the_configs_of_the_server(self):
        for server in ("server-1", "rack 1/server 2", "Gerät/ü"):
            configs = [self.create_config(name) for name in ("b", "a")]
            for config in configs:
                self.create_deployment(config.id, server)

            metadata = json.loads(self.succeed("software", "deployment", "metadata", "show", server))

            self.assertEqual([configs[1].id, configs[0].id], [config["id"] for config in metadata])
            self.assert_config(metadata[0], name="a")
            self.assert_config(metadata[1], name="b")

    def test_metadata_show_of_an_unknown_server_is_empty(self):
        self.assertEqual([], json.loads(self.succeed("software", "deployment", "metadata", "show", "server-1")))

    def test_output_show_prints_what_the_server_reported(self):
        deployment = self.create_deployment()
        self.assertEqual("", self.succeed("software", "deployment", "output", "show", deployment.id, "address"))

        self.heat.software_deployments.update(
            deployment.id,
            status="COMPLETE",
            output_values={"address": "192.0.2.1", "deploy_stdout": "one\ntwo\n", "deploy_stderr": "", "deploy_status_code": 0})

        self.assertEqual(
            "output_value:\n\n  address: 192.0.2.1\n",
            self.succeed("software", "deployment", "output", "show", deployment.id, "address"))
        everything = self.succeed("software", "deployment", "output", "show", deployment.id, "--all", "--long")
        for line in ("  address: 192.0.2.1\n", "  deploy_stdout: |\n    one\n    two\n", "  deploy_status_code: 0\n"):
            self.assertIn(line, everything)
        self.fail_with(
            f"Output colour does not exist in deployment {deployment.id}",
            "software", "deployment", "output", "show", deployment.id, "colour")

    def test_output_show_of_an_unknown_deployment_says_that_there_is_none(self):
        unknown = str(uuid.uuid4())

        self.fail_with(f"Deployment not found: {unknown}", "software", "deployment", "output", "show", unknown, "address")

    def test_delete_removes_the_deployments_and_their_configs(self):
        created = [self.create(name=name)["id"] for name in ("one", "two")]

        self.assertEqual("", self.succeed("software", "deployment", "delete", *created))
        self.assertEqual([], self.read("software", "deployment", "list"))
        self.assertEqual([], self.read("software", "config", "list"))

    def test_delete_of_an_unknown_deployment_says_that_there_is_none(self):
        unknown = str(uuid.uuid4())

        self.fail_with(f"Deployment with ID {unknown} not found", "software", "deployment", "delete", unknown)


class CommandAccess(CommandSteps):
    def test_what_is_no_token_is_refused(self):
        self.fail_with("ERROR: The token is not a JSON Web Token.", "software", "config", "list", token="gAAAAAB-fernet")

    def test_a_token_of_another_signature_is_refused(self):
        signature = make_token("another").rpartition(".")[2]
        forged = f"{self.token.rpartition('.')[0]}.{signature}"

        self.fail_with("ERROR: The token's signature does not verify.", "software", "deployment", "list", token=forged)

    def test_a_token_of_another_project_is_refused(self):
        refusal = f'ERROR: The token is for project "{self.project}", not for "another".'

        self.fail_with(refusal, "software", "config", "list", project="another")
        self.fail_with(refusal, "software", "config", "create", "web", project="another")
        self.fail_with(refusal, "software", "deployment", "list", project="another")

    def test_the_rows_of_another_project_are_not_found(self):
        config = self.create_config()
        deployment = self.create_deployment(config.id)
        another = f"{self.project}-b"
        access = {"project": another, "token": make_token(another)}

        self.assertEqual([], self.read("software", "config", "list", **access))
        self.assertEqual([], self.read("software", "deployment", "list", **access))
        self.assertEqual("[]\n", self.succeed("software", "deployment", "metadata", "show", "server-1", **access))
        self.fail_with(f"Configuration not found: {config.id}", "software", "config", "show", config.id, **access)
        self.fail_with(f"Software Deployment not found: {deployment.id}", "software", "deployment", "show", deployment.id, **access)
        self.fail_with(f"Deployment with ID {deployment.id} not found", "software", "deployment", "delete", deployment.id, **access)

    def test_a_reader_reads_and_no_more(self):
        reader = make_token(self.project, "reader")

        self.assertEqual([], self.read("software", "config", "list", token=reader))
        self.fail_with(
            "ERROR: The token's role reader does not allow this: member is required.", "software", "config", "create", "web", token=reader)
