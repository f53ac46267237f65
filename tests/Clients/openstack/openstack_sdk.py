"""openstacksdk, as programs use it."""

import uuid

from openstack import connection, exceptions
from openstack.orchestration.v1.software_config import SoftwareConfig
from openstack.orchestration.v1.software_deployment import SoftwareDeployment

from project import INPUTS, INPUTS_SHOWN, OPTIONS, OUTPUTS, OUTPUTS_SHOWN, SCRIPT, TIME, UUID, ProjectSteps, Recorded
from steps import make_token


class SdkSteps(ProjectSteps):
    def setUp(self):
        super().setUp()
        self.proxy = self.connect(self.endpoint, self.token)
        self.sdk = Recorded(self.proxy, "orchestration")

    def connect(self, endpoint, token, override=True):
        settings = {"orchestration_endpoint_override": endpoint} if override else {}
        opened = connection.Connection(auth_type="admin_token", auth={"endpoint": endpoint, "token": token}, **settings)
        self.addCleanup(opened.close)
        return opened.orchestration

    def list(self, call, **query):
        """The ids of what the call lists, over all its pages."""
        return [listed.id for listed in call(**query)]

    def assert_refused(self, error, code, message, call, /, *arguments, **named):
        with self.assertRaises(error) as caught:
            call(*arguments, **named)
        self.assertEqual((code, message), (caught.exception.status_code, caught.exception.details))
        self.assertIn(message, str(caught.exception))

    def sdk_config(self, name="web"):
        return self.sdk.create_software_config(
            name=name, group="script", config=SCRIPT, inputs=INPUTS, outputs=OUTPUTS, options=OPTIONS)

    def sdk_deployment(self, config_id="held-elsewhere", server_id="server-1", **fields):
        return self.sdk.create_software_deployment(config_id=config_id, server_id=server_id, **fields)

    def assert_sdk_config(self, config):
        self.assertRegex(config.id, UUID)
        self.assertRegex(config.created_at, TIME)
        self.assertEqual(
            ("web", "script", SCRIPT, INPUTS_SHOWN, OUTPUTS_SHOWN, OPTIONS),
            (config.name, config.group, config.config, config.inputs, config.outputs, config.options))


class SdkConfigs(SdkSteps):
    def test_a_config_lives_from_its_creation_to_its_deletion(self):
        config = self.sdk_config()
        self.assert_sdk_config(config)
        self.assert_sdk_config(self.sdk.get_software_config(config.id))
        self.assertEqual(
            [(config.id, "web", "script", config.created_at)],
            [(listed.id, listed.name, listed.group, listed.created_at) for listed in self.sdk.software_configs()])

        self.sdk.delete_software_config(config)

        self.assertEqual([], self.list(self.sdk.software_configs))

    def test_a_config_is_found_by_id_and_by_name(self):
        config = self.sdk_config()
        self.sdk_config("other")

        find = Recorded(SoftwareConfig, "SoftwareConfig").find
        self.assert_sdk_config(find(self.proxy, config.id))
        self.assertEqual(config.id, find(self.proxy, "web").id)
        self.assertIsNone(find(self.proxy, "unknown"))
        with self.assertRaises(exceptions.ResourceNotFound):
            find(self.proxy, str(uuid.uuid4()), ignore_missing=False)

    def test_configs_are_paged_each_once(self):
        created = [self.sdk_config(f"config-{number}").id for number in range(7)]

        for limit in (1, 2, 6, 7, 8, 1000):
            self.assertEqual(created[::-1], self.list(self.sdk.software_configs, limit=limit))
        self.assertEqual(created[3::-1], self.list(self.sdk.software_configs, limit=2, marker=created[4]))
        self.assertEqual(created[::-1], self.list(self.sdk.software_configs))

    def test_an_unknown_config_is_not_found(self):
        unknown = str(uuid.uuid4())
        missing = f"There is no software config {unknown} in this project."

        self.assert_refused(exceptions.NotFoundException, 404, missing, self.sdk.get_software_config, unknown)
        self.assert_refused(
            exceptions.NotFoundException, 404, missing, self.sdk.delete_software_config, unknown, ignore_missing=False)
        self.assertIsNone(self.sdk.delete_software_config(unknown))

    def test_a_config_in_use_is_a_conflict(self):
        config = self.sdk_config()
        self.sdk_deployment(config.id)

        self.assert_refused(
            exceptions.ConflictException, 409, f"The software config {config.id} is in use: a software deployment refers to it.",
            self.sdk.delete_software_config, config.id)

    def test_a_bad_config_is_a_bad_request(self):
        self.assert_refused(
            exceptions.BadRequestException, 400, "inputs[0].default does not fit the type Number. outputs[0].name is required.",
            self.sdk.create_software_config, inputs=[{"name": "port", "type": "Number", "default": "http"}], outputs=[{}])

    def test_a_template_is_validated(self):
        self.assert_refused(
            exceptions.BadRequestException, 400,
            "template.resources.web.type must be OS::Heat::SoftwareConfig; the type OS::Nova::Server is not supported.",
            self.sdk.validate_template,
            {"heat_template_version": "2013-05-23", "resources": {"web": {"type": "OS::Nova::Server"}}})


class SdkDeployments(SdkSteps):
    def test_a_deployment_lives_from_its_creation_to_its_deletion(self):
        config = self.sdk_config()
        deployment = self.sdk_deployment(
            config.id, action="CREATE", status="IN_PROGRESS", status_reason="Deploy data available", input_values={"port": 81})
        self.assertRegex(deployment.id, UUID)
        self.assertRegex(deployment.created_at, TIME)

        read = self.sdk.get_software_deployment(deployment.id)
        for shown in (deployment, read, *self.sdk.software_deployments()):
            self.assertEqual(
                (deployment.id, config.id, "server-1", "CREATE", {"port": 81}, None, "IN_PROGRESS", "Deploy data available",
                 deployment.created_at, None),
                (shown.id, shown.config_id, shown.server_id, shown.action, shown.input_values, shown.output_values, shown.status,
                 shown.status_reason, shown.created_at, shown.updated_at))

        changed = self.sdk.update_software_deployment(
            read, status="COMPLETE", status_reason="Outputs received", output_values={"address": "192.0.2.1"})
        self.assertRegex(changed.updated_at, TIME)
        for shown in (changed, self.sdk.get_software_deployment(deployment.id)):
            self.assertEqual(
                (deployment.id, "server-1", {"port": 81}, {"address": "192.0.2.1"}, "COMPLETE", "Outputs received",
                 changed.updated_at),
                (shown.id, shown.server_id, shown.input_values, shown.output_values, shown.status, shown.status_reason,
                 shown.updated_at))
        self.assertEqual("FAILED", self.sdk.update_software_deployment(deployment.id, status="FAILED").status)

        self.sdk.delete_software_deployment(deployment)

        self.assertEqual([], self.list(self.sdk.software_deployments))

    def test_a_deployment_is_found_by_id(self):
        deployment = self.sdk_deployment()

        find = Recorded(SoftwareDeployment, "SoftwareDeployment").find
        self.assertEqual("server-1", find(self.proxy, deployment.id).server_id)
        self.assertIsNone(find(self.proxy, str(uuid.uuid4())))

    def test_deployments_are_paged_each_once(self):
        created = [self.sdk_deployment(server_id=f"server-{number}").id for number in range(7)]

        for limit in (1, 2, 6, 7, 8, 1000):
            self.assertEqual(created, self.list(self.sdk.software_deployments, limit=limit))
        self.assertEqual(created[5:], self.list(self.sdk.software_deployments, limit=2, marker=created[4]))
        self.assertEqual(created, self.list(self.sdk.software_deployments))

    def test_an_unknown_deployment_is_not_found(self):
        unknown = str(uuid.uuid4())
        missing = f"There is no software deployment {unknown} in this project."

        self.assert_refused(exceptions.NotFoundException, 404, missing, self.sdk.get_software_deployment, unknown)
        self.assert_refused(
            exceptions.NotFoundException, 404, missing, self.sdk.update_software_deployment, unknown, status="FAILED")
        self.assert_refused(
            exceptions.NotFoundException, 404, missing, self.sdk.delete_software_deployment, unknown, ignore_missing=False)
        self.assertIsNone(self.sdk.delete_software_deployment(unknown))

    def test_a_bad_deployment_is_a_bad_request(self):
        deployment = self.sdk_deployment()
        status = "status must be one of COMPLETE, IN_PROGRESS, FAILED."

        self.assert_refused(
            exceptions.BadRequestException, 400, "config_id is required. server_id must not be blank.",
            self.sdk.create_software_deployment, server_id=" ")
        self.assert_refused(
            exceptions.BadRequestException, 400, status, self.sdk.update_software_deployment, deployment.id, status="BANANA")
        self.assert_refused(
            exceptions.BadRequestException, 400, "limit must be from 1 to 1000.",
            self.list, self.sdk.software_deployments, limit=1001)


class SdkAccess(SdkSteps):
    def test_an_endpoint_override_is_not_needed(self):
        sdk = Recorded(self.connect(self.endpoint, self.token, override=False), "orchestration")
        created = self.sdk_deployment().id

        self.assertEqual([created], self.list(sdk.software_deployments))

    # With an override the client would ask for the version first, and tell of that alone.
    def test_what_is_no_token_is_unauthorized(self):
        sdk = Recorded(self.connect(self.endpoint, "gAAAAAB-fernet", override=False), "orchestration")

        self.assert_refused(exceptions.HttpException, 401, "The token is not a JSON Web Token.", self.list, sdk.software_configs)

    def test_a_token_of_another_project_is_forbidden(self):
        intruder = Recorded(self.connect(self.endpoint, make_token("another")), "intruder")

        self.assert_refused(
            exceptions.HttpException, 403, f'The token is for project "another", not for "{self.project}".',
            self.list, intruder.software_deployments)
