"""Runs the steps of the modules that the command line names, counts how they went, and has what all steps need."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest


def make_token(project, role="member"):
    command = ["dotnet", os.environ["SERVICE_PROGRAM"], "token", "--project", project, "--role", role]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Steps(unittest.TestCase):
    maxDiff = None

    def sentence(self):
        return self._testMethodName.removeprefix("test_").replace("_", " ")


class Report(unittest.TestResult):
    """Tells of each step as it ends, of a failed one why."""

    def startTest(self, test):
        super().startTest(test)
        print(f"\n{type(test).__name__}: {test.sentence()}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        print("ok", flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        print(f"FAILED\n{self.failures[-1][1]}", flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        print(f"FAILED\n{self.errors[-1][1]}", flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skipped, {reason}", flush=True)


def main(modules):
    report = Report()

    def stop(*_):
        report.stop()
        sys.exit("terminated")  # fails the step, whose cleanups run, and is the last

    signal.signal(signal.SIGTERM, stop)
    with tempfile.TemporaryDirectory() as work:
        os.environ["HOME"] = work
        os.chdir(work)
        unittest.defaultTestLoader.loadTestsFromNames(modules).run(report)

    failed = len({str(test) for test, _ in report.failures + report.errors})
    skipped = len(report.skipped)
    passed = report.testsRun - failed - skipped
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
