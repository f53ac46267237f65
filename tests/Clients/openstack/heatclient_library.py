"""heatclient's library, by endpoint and token, and by a keystoneauth session."""

from heatclient import client as heatclient
from heatclient import exc
from keystoneauth1 import session
from keystoneauth1.token_endpoint import Token

from project import OPTIONS, OUTPUTS_SHOWN, SCRIPT, TIME, UUID, ProjectSteps, Recorded
from steps import make_token


class LibrarySteps:
    """The steps; how a client is made is up to those who take them over."""

    def setUp(self):
        super().setUp()
        self.heat = Recorded(self.connect(self.endpoint, self.token), "heat")

    def assert_refused(self, error, message, call, /, *arguments, **named):
        with self.assertRaises(error) as caught:
            call(*arguments, **named)
        self.assertEqual(f"ERROR: {message}", str(caught.exception))

    def test_a_config_lives_from_its_creation_to_its_deletion(self):
        config = self.create_config()
        self.assert_config(config.to_dict())
        self.assert_config(self.heat.software_configs.get(config.id).to_dict())
        self.assertEqual(
            [{"id": config.id, "name": "web", "group": "script", "creation_time": config.creation_time}],
            [listed.to_dict() for listed in self.heat.software_configs.list()])

        config.delete()

        self.assertEqual([], self.heat.software_configs.list())
        for call in (self.heat.software_configs.get, self.heat.software_configs.delete):
            self.assert_refused(exc.HTTPNotFound, f"There is no software config {config.id} in this project.", call, config.id)

    def test_a_config_of_nothing_shows_what_the_service_fills_in(self):
        shown = self.heat.software_configs.create().to_dict()

        self.assertRegex(shown.pop("id"), UUID)
        self.assertRegex(shown.pop("creation_time"), TIME)
        self.assertEqual({"name": None, "group": None, "config": None, "inputs": [], "outputs": [], "options": {}}, shown)

    def test_a_config_holds_any_json(self):
        component = {"configs": [{"actions": ["CREATE"], "config": SCRIPT, "tool": "script"}]}

        config = self.heat.software_configs.create(group="component", config=component)

        self.assertEqual(component, self.heat.software_configs.get(config.id).config)

    def test_an_input_keeps_a_value_of_null(self):
        config = self.heat.software_configs.create(inputs=[{"name": "owner", "value": None}, {"name": "port"}])

        self.assertEqual(
            [{"name": "owner", "type": "String", "value": None}, {"name": "port", "type": "String"}],
            self.heat.software_configs.get(config.id).inputs)

    def test_configs_are_listed_in_pages_each_once(self):
        created = [self.create_config(f"config-{number}").id for number in range(7)]

        listed, sizes, marker = [], [], None
        while page := self.heat.software_configs.list(limit=3, marker=marker):
            listed += [config.id for config in page]
            sizes.append(len(page))
            marker = page[-1].id

        self.assertEqual([3, 3, 1], sizes)
        self.assertEqual(created[::-1], listed)
        self.assertEqual(listed, [config.id for config in self.heat.software_configs.list()])

    def test_deployments_are_listed_in_pages_each_once(self):
        created = [self.create_deployment().id for _ in range(5)]

        listed, query = [], {"limit": 2}
        while page := self.heat.software_deployments.list(**query):
            listed += [deployment.id for deployment in page]
            query["marker"] = page[-1].id

        self.assertEqual(created, listed)
        self.assertEqual(created, [deployment.id for deployment in self.heat.software_deployments.list()])

    def test_deployments_are_filtered(self):
        wanted = self.create_deployment("config-1", "server-1", action="CREATE", status="FAILED")
        for other in (
            {"config_id": "config-2", "server_id": "server-1", "action": "CREATE", "status": "FAILED"},
            {"config_id": "config-1", "server_id": "rack/ü 2", "action": "UPDATE", "status": "COMPLETE"},
        ):
            self.create_deployment(**other)

        def ids(**query):
            return [deployment.id for deployment in self.heat.software_deployments.list(**query)]

        self.assertEqual([wanted.id], ids(server_id="server-1", config_id="config-1"))
        self.assertEqual([wanted.id], ids(config_id="config-1", action="CREATE", status="FAILED"))
        self.assertEqual(1, len(ids(server_id="rack/ü 2")))
        self.assertEqual([], ids(server_id="server-3"))

    def test_a_deployment_lives_from_its_creation_to_its_deletion(self):
        config = self.create_config()
        values = {"port": 8080, "list": [1.5, None, {"b": 1, "a": "Grüße"}], "big": 12345678901234567890}
        deployment = self.create_deployment(
            config.id, action="CREATE", input_values=values, status_reason="Deploy data available",
            tenant_id=self.project, stack_user_project_id="stack-users")

        shown = deployment.to_dict()
        self.assertRegex(shown["id"], UUID)
        self.assertRegex(shown["creation_time"], TIME)
        expected = {
            "id": shown["id"], "server_id": "server-1", "config_id": config.id, "action": "CREATE", "input_values": values,
            "output_values": None, "status": "IN_PROGRESS", "status_reason": "Deploy data available",
            "creation_time": shown["creation_time"],
        }
        self.assertEqual(expected, shown)
        self.assertEqual(expected, self.heat.software_deployments.get(deployment.id).to_dict())
        self.assertEqual([expected], [listed.to_dict() for listed in self.heat.software_deployments.list(server_id="server-1")])

        outputs = {"address": "192.0.2.1", "deploy_status_code": 0, "deploy_stdout": "done\n", "deploy_stderr": ""}
        changed = self.heat.software_deployments.update(
            deployment.id, output_values=outputs, status="COMPLETE", status_reason="Outputs received").to_dict()
        self.assertRegex(changed["updated_time"], TIME)
        expected |= {
            "output_values": outputs, "status": "COMPLETE", "status_reason": "Outputs received",
            "updated_time": changed["updated_time"],
        }
        self.assertEqual(expected, changed)
        self.assertEqual(expected, self.heat.software_deployments.get(deployment.id).to_dict())

        deployment.delete()

        self.assertEqual([], self.heat.software_deployments.list())
        missing = f"There is no software deployment {deployment.id} in this project."
        self.assert_refused(exc.HTTPNotFound, missing, self.heat.software_deployments.get, deployment.id)
        self.assert_refused(exc.HTTPNotFound, missing, self.heat.software_deployments.update, deployment.id, status="FAILED")
        self.assert_refused(exc.HTTPNotFound, missing, self.heat.software_deployments.delete, deployment.id)

    def test_an_update_changes_what_it_names_and_can_clear_it(self):
        deployment = self.create_deployment(action="CREATE", input_values={"port": 80}, status_reason="Waiting")

        changed = self.heat.software_deployments.update(
            deployment.id, config_id="other", action=None, input_values={}, output_values={}, status_reason="", server_id="ignored")

        self.assertEqual(
            ("other", "server-1", "CREATE", {}, {}, "IN_PROGRESS", ""),
            (changed.config_id, changed.server_id, changed.action, changed.input_values, changed.output_values, changed.status,
             changed.status_reason))

    def test_any_status_follows_any_other(self):
        deployment = self.create_deployment(status="COMPLETE")

        for status in ("FAILED", "IN_PROGRESS", "COMPLETE", "IN_PROGRESS"):
            deployment.update(status=status)
            self.assertEqual(status, self.heat.software_deployments.get(deployment.id).status)

    def test_metadata_has_the_configs_of_a_server(self):
        for server in ("server-1", "rack/1", "räck 1/%2F?#", "a//b/"):
            configs = {name: self.create_config(name) for name in ("b", "a")}
            nameless = self.heat.software_configs.create(config="echo", options=OPTIONS)
            for config in (configs["b"], nameless, configs["a"], configs["a"]):
                self.create_deployment(config.id, server)
            self.create_deployment("held-elsewhere", server)

            metadata = self.heat.software_deployments.metadata(server)

            self.assertEqual(
                [nameless.id, configs["a"].id, configs["a"].id, configs["b"].id], [config["id"] for config in metadata])
            self.assert_config(metadata[3], name="b")

        self.assertEqual([], self.heat.software_deployments.metadata("unknown"))

    def test_the_agents_role_reads_metadata_alone(self):
        config = self.create_config()
        self.create_deployment(config.id)
        agent = Recorded(self.connect(self.endpoint, make_token(self.project, "heat_stack_user")), "agent")

        self.assertEqual([config.id], [applied["id"] for applied in agent.software_deployments.metadata("server-1")])
        self.assert_refused(
            exc.HTTPForbidden, "The token's role heat_stack_user does not allow this: reader or member is required.", agent.software_deployments.list)

    def test_the_stack_users_project_shares_the_deployment(self):
        users = f"{self.project}-u"
        deployment = self.create_deployment(stack_user_project_id=users)
        shared = Recorded(self.connect(self.endpoint.replace(self.project, users), make_token(users)), "shared")

        self.assertEqual([deployment.id], [listed.id for listed in shared.software_deployments.list()])
        self.assertEqual("FAILED", shared.software_deployments.update(deployment.id, status="FAILED").status)
        shared.software_deployments.delete(deployment.id)
        self.assertEqual([], self.heat.software_deployments.list())

    def test_a_template_of_configs_is_valid_and_any_other_is_not(self):
        def template(kind, **properties):
            return {"heat_template_version": "2013-05-23", "resources": {"web": {"type": kind, "properties": properties}}}

        self.assertEqual(
            {"Description": "No description", "Parameters": {}},
            self.heat.stacks.validate(template=template("OS::Heat::SoftwareConfig", outputs=OUTPUTS_SHOWN)))
        self.assert_refused(
            exc.HTTPBadRequest,
            "template.resources.web.type must be OS::Heat::SoftwareConfig; the type OS::Nova::Server is not supported.",
            self.heat.stacks.validate, template=template("OS::Nova::Server"))
        self.assert_refused(
            exc.HTTPBadRequest,
            "template.resources.web.properties.inputs[0].name is required.",
            self.heat.stacks.validate, template=template("OS::Heat::SoftwareConfig", inputs=[{}]))

    def test_bad_requests_say_which_fields_are_wrong(self):
        configs, deployments = self.heat.software_configs, self.heat.software_deployments
        for message, call, fields in [
            ("config_id is required. server_id is required.", deployments.create, {}),
            ("server_id must be a string.", deployments.create, {"config_id": "c", "server_id": 7}),
            ("status must be one of COMPLETE, IN_PROGRESS, FAILED.", deployments.create,
             {"config_id": "c", "server_id": "s", "status": "BANANA"}),
            ("input_values must be a JSON object.", deployments.create, {"config_id": "c", "server_id": "s", "input_values": [1]}),
            ("action holds a NUL character.", deployments.create, {"config_id": "c", "server_id": "s", "action": "\0"}),
            ("inputs[0].type must be one of String, Number, CommaDelimitedList, Json, Boolean.", configs.create,
             {"inputs": [{"name": "port", "type": "Integer"}]}),
            ("outputs[1].name is a duplicate: a.", configs.create, {"outputs": [{"name": "a"}, {"name": "a"}]}),
            ("limit must be from 1 to 1000.", configs.list, {"limit": 1001}),
            ("marker must be a UUID.", deployments.list, {"marker": "last"}),
            ("status must be one of COMPLETE, IN_PROGRESS, FAILED.", deployments.list, {"status": "BANANA"}),
            ("server_id must not be empty.", deployments.list, {"server_id": ""}),
        ]:
            self.assert_refused(exc.HTTPBadRequest, message, call, **fields)

    def test_a_config_in_use_is_a_conflict(self):
        config = self.create_config()
        deployment = self.create_deployment(config.id)

        self.assert_refused(
            exc.HTTPConflict,
            f"The software config {config.id} is in use: a software deployment refers to it.",
            self.heat.software_configs.delete, config.id)

        deployment.delete()
        self.heat.software_configs.delete(config.id)

    def test_an_id_that_is_none_is_not_found(self):
        for call in (self.heat.software_configs.get, self.heat.software_deployments.get, self.heat.software_deployments.delete):
            with self.assertRaises(exc.HTTPNotFound):
                call("web")

    def test_a_body_that_is_too_large_is_over_the_limit(self):
        self.assert_refused(
            exc.HTTPOverLimit, "The body is larger than 1048576 bytes.", self.heat.software_configs.create, config="x" * 1_100_000)

    def test_another_project_is_forbidden_and_its_rows_are_not_found(self):
        config = self.create_config()
        deployment = self.create_deployment(config.id)
        elsewhere = self.endpoint.replace(self.project, f"{self.project}-b")
        stranger = Recorded(self.connect(elsewhere, make_token(f"{self.project}-b")), "stranger")
        intruder = Recorded(self.connect(elsewhere, self.token), "intruder")

        self.assertEqual([], stranger.software_configs.list() + stranger.software_deployments.list())
        self.assertEqual([], stranger.software_deployments.metadata("server-1"))
        missing = f"There is no software deployment {deployment.id} in this project."
        self.assert_refused(exc.HTTPNotFound, missing, stranger.software_deployments.get, deployment.id)
        self.assert_refused(exc.HTTPNotFound, missing, stranger.software_deployments.update, deployment.id, status="FAILED")
        self.assert_refused(
            exc.HTTPNotFound, f"There is no software config {config.id} in this project.", stranger.software_configs.delete, config.id)
        self.assert_refused(
            exc.HTTPForbidden, f'The token is for project "{self.project}", not for "{self.project}-b".', intruder.software_configs.list)

    def test_what_is_no_token_is_unauthorized(self):
        nobody = Recorded(self.connect(self.endpoint, "gAAAAAB-fernet"), "nobody")

        with self.assertRaises(exc.HTTPUnauthorized) as caught:
            nobody.software_configs.list()
        self.assertIn("The token is not a JSON Web Token.", str(caught.exception))


class LibraryByEndpoint(LibrarySteps, ProjectSteps):
    def connect(self, endpoint, token):
        return heatclient.Client("1", endpoint=endpoint, token=token)


class LibraryBySession(LibrarySteps, ProjectSteps):
    def connect(self, endpoint, token):
        return heatclient.Client("1", session=session.Session(auth=Token(endpoint, token)))
