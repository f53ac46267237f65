"""A project of its own for each step, and what the steps of all clients have in common."""

import os
import re
import uuid

from heatclient import client as heatclient

from steps import Steps, make_token

SERVICE = os.environ["SERVICE_URL"]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

SCRIPT = "#!/bin/sh\necho \"Grüße, $port\"\n"
INPUTS = [
    {"name": "port", "description": "Where to listen", "type": "Number", "default": 80},
    {"name": "owner"},
    {"name": "hosts", "type": "CommaDelimitedList", "default": "a,b"},
    {"name": "debug", "type": "Boolean", "default": False, "replace_on_change": True},
    {"name": "extra", "type": "Json", "default": {"z": [1, None], "a": "ß"}},
]
OUTPUTS = [{"name": "address", "description": "Where it listens"}, {"name": "fault", "error_output": True}]
OPTIONS = {"cwd": "/srv", "env": {"LANG": "C"}}

# The same with what the service fills in.
INPUTS_SHOWN = [{"type": "String", **given} for given in INPUTS]
OUTPUTS_SHOWN = [{"type": "String", "error_output": False, **given} for given in OUTPUTS]


def print_run(text):
    print(f"ran: {text}", flush=True)


def shorten(text, longest=100):
    return text if len(text) <= longest else text[:longest] + "…"


class Recorded:
    """An object of a client library that prints every call made through it."""

    def __init__(self, target, name):
        self._target = target
        self._name = name

    def __getattr__(self, name):
        return Recorded(getattr(self._target, name), f"{self._name}.{name}")

    def __call__(self, *arguments, **named):
        shown = [shorten(repr(value)) for value in arguments]
        shown += [f"{name}={shorten(repr(value))}" for name, value in named.items()]
        print_run(f"{self._name}({', '.join(shown)})")
        return self._target(*arguments, **named)


class ProjectSteps(Steps):
    """Steps that each have a project of their own, empty at first, and emptied at the end."""

    def setUp(self):
        self.project = f"clients-{uuid.uuid4().hex}"
        self.endpoint = f"{SERVICE}/v1/{self.project}"
        self.token = make_token(self.project)
        self.library = heatclient.Client("1", endpoint=self.endpoint, token=self.token)
        self.heat = Recorded(self.library, "heat")
        self.addCleanup(self.empty_project)

    def empty_project(self):
        for deployment in self.library.software_deployments.list():
            deployment.delete()
        for config in self.library.software_configs.list():
            config.delete()

    def create_config(self, name="web"):
        return self.heat.software_configs.create(
            name=name, group="script", config=SCRIPT, inputs=INPUTS, outputs=OUTPUTS, options=OPTIONS)

    def create_deployment(self, config_id="held-elsewhere", server_id="server-1", **fields):
        return self.heat.software_deployments.create(config_id=config_id, server_id=server_id, **fields)

    def assert_config(self, shown, name="web", group="script"):
        """It is the one that create_config makes, as the service shows it."""
        self.assertRegex(shown["id"], UUID)
        self.assertRegex(shown["creation_time"], TIME)
        self.assertEqual(
            {
                "name": name, "group": group, "config": SCRIPT,
                "inputs": INPUTS_SHOWN, "outputs": OUTPUTS_SHOWN, "options": OPTIONS,
            },
            {field: value for field, value in shown.items() if field not in ("id", "creation_time")},
        )
