#!/usr/bin/env python3
"""Runs the recorded cases of kind api against a fresh server, one after another and
each on an empty server, with the comparison of the check of recorded cases.

usage: recorded_api.py CHECK ENDPOINT CASES

Beside what the check runs by itself there are: lists of all that a server has, which
want to be alone; a page that goes on behind one whose token was not recorded, which
gets the token of the answer before; cases whose setup makes something in another
service that nothing calls; and those of which the error's code alone was kept. Cases
that call another service are left out, and counted.
"""
import collections
import glob
import importlib.util
import json
import os
import sys
import time


def load(path):
    spec = importlib.util.spec_from_file_location("check", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(path, endpoint, cases):
    check = load(path)

    class Client(check.Client):
        """Puts the token of the last answer where one was not recorded."""

        tokens = {}

        def call(self, op, **params):
            if "nextToken" in params and params["nextToken"] is None:
                params["nextToken"] = self.tokens.get(op)
            if params.get("nextToken", "") is None:
                del params["nextToken"]
            answer = super().call(op, **params)
            self.tokens[op] = answer.get("nextToken")
            return answer

    client = Client(endpoint, 30)
    rows = collections.defaultdict(lambda: [0, 0])
    failed, others = [], []
    for file in sorted(glob.glob(os.path.join(cases, "**", "*.json"), recursive=True)):
        with open(file) as f:
            case = json.load(f)
        if case.get("kind") != "api":
            continue
        if case.get("needs"):
            others.append(case["name"])
            continue
        empty(client)
        case["steps"] = [s for s in case["steps"] if not s.get("service")]
        try:
            diffs = check.run_api(client, case, 30)
        except Exception as e:  # the server did not answer, or answered something unreadable
            diffs = ["%s: %s" % (type(e).__name__, e)]
        rows[case["area"]][1 if diffs else 0] += 1
        if diffs:
            failed.append((case["name"], diffs))
    for area, (passed, missed) in sorted(rows.items()):
        print("%-10s %-24s %4d passed %4d failed" % ("api", area, passed, missed))
    for name in others:
        print("left out: %s: it calls another service" % name)
    for name, diffs in failed:
        print("\nFAIL " + name)
        for line in diffs[:6]:
            print("    " + line)
    print()


def empty(client):
    """Removes all that the case before has left."""
    for activity in client.call("ListActivities", maxResults=1000)["activities"]:
        client.call("DeleteActivity", activityArn=activity["activityArn"])
    end = time.monotonic() + 10
    while True:
        machines = client.call("ListStateMachines", maxResults=1000)["stateMachines"]
        if not machines:
            return
        if time.monotonic() > end:
            raise SystemExit("state machines stay after their deletion: %s" % machines)
        for machine in machines:
            arn = machine["stateMachineArn"]
            if machine["type"] == "STANDARD":
                for x in client.call("ListExecutions", stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
                    client.call("StopExecution", executionArn=x["executionArn"])
            client.call("DeleteStateMachine", stateMachineArn=arn)


if __name__ == "__main__":
    main(*sys.argv[1:])
