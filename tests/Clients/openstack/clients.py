"""Runs the steps of every client against the service at SERVICE_URL, and counts how they went."""

import sys
import unittest

STEPS = ["openstack_command", "heatclient_library", "openstack_sdk"]


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


def main():
    report = Report()
    unittest.defaultTestLoader.loadTestsFromNames(STEPS).run(report)

    failed = len({str(test) for test, _ in report.failures + report.errors})
    skipped = len(report.skipped)
    passed = report.testsRun - failed - skipped
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
