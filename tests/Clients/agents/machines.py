"""A service that steps may stop, and servers whose agent is OpenStack's."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import requests

IMAGE = Path(__file__).parent / "image"
# What cloud-init writes at a server's first boot; the agent renders the same from what it collects.
SETTINGS = """[DEFAULT]
collectors = request
collectors = local

[request]
metadata_url = {address}
"""


def wait_until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not (met := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return met


class Service:
    """An instance of the service at an address that stays the same when it is started again."""

    def __init__(self, log, **settings):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.log = Path(log)
        self.start(**settings)

    def start(self, **settings):
        program = os.environ["SERVICE_PROGRAM"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                ["dotnet", program], cwd=Path(program).parent, stdout=log, stderr=log,
                env={**os.environ, "ASPNETCORE_URLS": self.url, **settings})
        wait_until(self.is_ready, f"the service is ready; its log:\n{self.log.read_text()}", seconds=120)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended:\n{self.log.read_text()}")
        try:
            return requests.get(f"{self.url}/healthz/ready").ok
        except requests.ConnectionError:
            return False


class Server:
    """A server, its file system a folder: made from the image, with the address of what to apply in its agent's settings."""

    def __init__(self, root):
        self.root = Path(root)
        self.journal = self.root.parent / f"{self.root.name}.journal"
        self.log = self.root.parent / f"{self.root.name}.log"
        self.settings = self.root / "etc/os-collect-config.conf"
        self.agent = None

    def install(self, address):
        """As at a first boot, whatever was there before."""
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(IMAGE, self.root)
        (self.root / "var/lib/os-collect-config/local-data").mkdir(parents=True)
        self.settings.parent.mkdir()
        self.settings.touch(mode=0o600)
        self.settings.write_text(SETTINGS.format(address=address))
        self.start()

    def reboot(self):
        self.stop()
        shutil.rmtree(self.root / "var/run")
        self.start()

    def start(self):
        (self.root / "var/run").mkdir(exist_ok=True)
        command = [
            shutil.which("os-collect-config"), "--config-file", self.settings, "--polling-interval", "1",
            "--cachedir", self.root / "var/lib/os-collect-config", "--backup-cachedir", self.root / "var/run/os-collect-config",
            "--local-path", self.root / "var/lib/os-collect-config/local-data",
            "--ec2-metadata-url", "http://127.0.0.1:9",  # never the cloud's, should an agent lose its settings
            "--command", f"os-refresh-config --lockfile {self.root}/var/run/os-refresh-config.lock",
        ]
        with self.log.open("a") as log:
            self.agent = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True,
                env={
                    **os.environ, "SERVER_ROOT": str(self.root), "JOURNAL": str(self.journal),
                    "OS_REFRESH_CONFIG_BASE_DIR": str(self.root / "usr/libexec/os-refresh-config"),
                })

    def stop(self):
        if self.agent:
            os.killpg(self.agent.pid, 15)
            self.agent.wait(timeout=60)
            self.agent = None

    def ran(self):
        """What the scripts here have noted in their journal, in order."""
        return self.journal.read_text().split() if self.journal.exists() else []

    def count(self, text):
        """How often the agent's log has the text."""
        return self.log.read_text().count(text)

    def wait_for_report(self, of, times=1):
        """Until the outcome of a run has been sent, whatever came of that."""
        wait_until(lambda: self.count(f"reported {of}") >= times, f"the outcome of {of} is reported")

    def wait_for_polls(self):
        """Until a poll that begins from now on has ended, and with it what it made the agent do."""
        for _ in range(3):
            before = self.last_poll()
            wait_until(lambda: self.last_poll() != before, "the agent polls")

    def last_poll(self):
        """Is another after each poll: the agent stores what it gets anew, or complains."""
        stored = self.root / "var/lib/os-collect-config/request.json"
        return stored.stat().st_mtime_ns if stored.exists() else None, self.count("Source [request] Unavailable")
