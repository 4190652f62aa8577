#!/usr/bin/env python3
"""Makes the calls of test/awssdk/testdata/calls.json with the AWS CLI: all that
succeed, and one refusal of each kind. Tells which actions the CLI covers.

usage: calls.py ENDPOINT WORK [MODEL]
  WORK   a folder that the CLI takes for its home
  MODEL  a service model for what an old CLI does not know

Each call is a process of its own. A CLI that is older than an action, with no model
at hand, leaves the action out, and the members that it does not know.
"""
import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
CALLS = os.path.join(HERE, "..", "awssdk", "testdata", "calls.json")
# What stands in for a version or an alias where the CLI has none.
INSTEAD = {"alias": "machine"}
KEBAB = re.compile(r"(?<=[a-z])(?=[A-Z])")
PREFIXED = {"StartSyncExecution", "TestState"}
# These the CLI pages through by itself.
PAGED = {"GetExecutionHistory", "ListActivities", "ListExecutions", "ListMapRuns", "ListStateMachines"}


class Refused(Exception):
    """The CLI's error: its exit code and text."""

    def __init__(self, code, text):
        super().__init__(text.strip())
        self.code = code

    def name(self):
        found = re.search(r"An error occurred \((\w+)\) when calling the (\w+) operation", str(self))
        return found.group(1) if found else None


class Unknown(Exception):
    """Something that this CLI does not know."""


class CLI:
    def __init__(self, endpoint, home):
        self.endpoint = endpoint
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and not k.lower().endswith("_proxy")}
        self.env = dict(
            kept, HOME=home, AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION="us-east-1",
            AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="", AWS_CONFIG_FILE=os.devnull, AWS_MAX_ATTEMPTS="1",
            AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_DISABLE_HOST_PREFIX_INJECTION="true",
            HTTPS_PROXY="http://127.0.0.1:9")  # nothing leaves for AWS
        # Of a CLI without that switch the two actions go to sync-HOST, a name that does not
        # resolve: as a proxy of plain HTTP the server takes them under any name.
        self.by_proxy = False

    def run(self, *words, **env):
        done = subprocess.run(["aws", *words], env=dict(self.env, **env), text=True, capture_output=True, timeout=120)
        if done.returncode:
            raise Refused(done.returncode, done.stderr)
        return done.stdout

    def ask(self, action, members, *flags, **env):
        if self.by_proxy and action in PREFIXED:
            env["HTTP_PROXY"] = self.endpoint
        words = ["--endpoint-url", self.endpoint] if "AWS_ENDPOINT_URL_SFN" not in env else []
        out = self.run(*words, "--output", "json", "stepfunctions", KEBAB.sub("-", action).lower(),
                       "--cli-input-json", json.dumps(members), *flags, **env)
        return json.loads(out) if out.strip() else {}

    def switch(self):
        """Whether this CLI knows AWS_DISABLE_HOST_PREFIX_INJECTION, by the host that it asks."""
        try:
            self.run("--debug", "--endpoint-url", self.endpoint, "stepfunctions", "start-sync-execution",
                     "--state-machine-arn", "none", HTTP_PROXY=self.endpoint)
        except Refused as e:
            if "InvalidArn" not in str(e):
                raise
            return "http://sync-" not in str(e)
        raise AssertionError("the server took an ARN that is none")

    def version(self):
        return tuple(map(int, re.match(r"aws-cli/(\d+)\.(\d+)\.(\d+)", self.run("--version")).groups()))

    def actions(self):
        """The actions that this CLI has, out of its complaint about one that it has not."""
        try:
            self.run("stepfunctions", "none")
        except Refused as e:
            return set(re.findall(r"[a-z]+(?:-[a-z]+)+", str(e).partition("valid choices are")[2]))
        raise AssertionError("the CLI took a command that is none")


class Calls:
    def __init__(self, cli, known, old):
        self.cli, self.known, self.old = cli, known, old
        self.vars = {"run": secrets.token_hex(4), "role": "arn:aws:iam::111111111111:role/sdk-role",
                     "states": "arn:aws:states:us-east-1:111111111111"}

    def text(self, s):
        def value(m):
            name = m.group(1)
            if name not in self.vars and self.old:
                name = INSTEAD.get(name, name)
            if name not in self.vars:
                raise Unknown("${%s}" % name)
            return self.vars[name]
        return re.sub(r"\$\{(\w+)\}", value, s)

    def fill(self, x):
        if isinstance(x, str):
            return self.text(x)
        if isinstance(x, list):
            return [self.fill(y) for y in x]
        if not isinstance(x, dict):
            return x
        if "$json" in x:
            return json.dumps(self.fill(x["$json"]), separators=(",", ":"))
        if "$text" in x:
            return "x" * x["$text"]
        if "$repeat" in x:
            out = []
            for i in range(x["$repeat"]):
                self.vars["i"] = str(i)
                out.append(self.fill(x["of"]))
            return out
        return {k: self.fill(v) for k, v in x.items()}

    def differs(self, answer, want):
        for path, w in (want or {}).items():
            got = answer
            for part in path.split("."):
                if isinstance(got, list):
                    got = got[int(part)] if int(part) < len(got) else None
                else:
                    got = got.get(part) if isinstance(got, dict) else None
            if got is None and self.old:
                continue  # an old CLI drops members that it does not know
            if str(got) != str(self.fill(w)):
                return "%s is %s, want %s" % (path, got, self.fill(w))
        return None

    def ask(self, action, members, *flags, needed=False):
        """Asks with the members that this CLI knows; with all of them where they are needed."""
        if KEBAB.sub("-", action).lower() not in self.known:
            raise Unknown(action)
        while True:
            try:
                return self.cli.ask(action, members, *flags)
            except Refused as e:
                strange = re.search(r'Unknown parameter in input: "(\w+)"', str(e))
                if not strange or not self.old:
                    raise
                if needed:
                    raise Unknown(strange.group(1)) from None
                del members[strange.group(1)]

    def send(self, one):
        return self.ask(one["call"], self.fill(one.get("with", {})), *(["--no-paginate"] if one["call"] in PAGED else []),
                        needed="error" in one)

    def listed(self, one):
        members, items = self.fill(one["with"]), []
        if one["call"] in PAGED:
            size = members.pop("maxResults")
            items = self.ask(one["call"], members, "--page-size", str(size))[one["list"]]
        else:
            while True:
                page = self.ask(one["call"], members)
                items += page[one["list"]]
                if "nextToken" not in page:
                    break
                members["nextToken"] = page["nextToken"]
        if len(items) < one.get("least", one.get("count")) or "count" in one and len(items) != one["count"]:
            return "%d items, want %s" % (len(items), one.get("count", one.get("least")))
        return self.differs(items, one.get("want"))

    def refused(self, one):
        try:
            self.send(one)
        except Refused as e:
            # 254: the service refused; before 2.0 it was 255.
            if e.name() != one["error"] or e.code not in (254, 255):
                return "got exit code %d and %s" % (e.code, e)
            if "message" in one and self.text(one["message"]) not in str(e):
                return "the text is %s" % e
            return None
        return "it was taken"

    def performed(self, one):
        if "delete" in one:
            path = self.cli.endpoint + self.text(one["delete"])
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(urllib.request.Request(path, method="DELETE"), timeout=30) as answer:
                return None if answer.status == 200 else str(answer.status)
        if "error" in one:
            return self.refused(one)
        if "list" in one:
            return self.listed(one)
        end = time.monotonic() + 30
        while True:
            try:
                answer = self.send(one)
            except Refused as e:
                if "error" not in one.get("until", {}):
                    raise
                answer = {"error": e.name()}
            waits = self.differs(answer, one.get("until"))
            if not waits:
                break
            if time.monotonic() > end:
                return "waited in vain: " + waits
        for name, path in one.get("keep", {}).items():
            got = answer
            for part in path.split("."):
                got = got[int(part)] if isinstance(got, list) else got.get(part)
                if got is None:
                    break
            if got is not None:
                self.vars[name] = got
        return self.differs(answer, one.get("want"))


def flags(calls, cli, version, fault):
    """What the CLI has beside the actions: --max-items, and the endpoint in a variable."""
    members = {"stateMachineArn": calls.vars["machine"]}
    first = cli.ask("ListExecutions", members, "--max-items", "2")
    rest = cli.ask("ListExecutions", members, "--starting-token", first.get("NextToken", ""))
    if len(first["executions"]) != 2 or len(rest["executions"]) != 1:
        fault("--max-items and --starting-token: %d and %d" % (len(first["executions"]), len(rest["executions"])))
    try:
        cli.run("--endpoint-url", cli.endpoint, "stepfunctions", "stop-execution")
        fault("a call without a required option was taken")
    except Refused as e:
        if e.code not in (2, 252) or "--execution-arn" not in str(e):
            fault("a call without a required option: exit code %d, %s" % (e.code, e))
    if version >= (2, 13) or (1, 29) <= version < (2,):
        cli.ask("DescribeStateMachine", members, AWS_ENDPOINT_URL_SFN=cli.endpoint)
        print("ok    AWS_ENDPOINT_URL_SFN")
    else:
        print("left out: AWS_ENDPOINT_URL_SFN, which this version does not know")


def main():
    cli = CLI(sys.argv[1], sys.argv[2])
    model = sys.argv[3] if len(sys.argv) > 3 else ""
    with open(CALLS) as f:
        calls = json.load(f)["calls"]
    every = {one["call"] for one in calls if "call" in one}
    version, known = cli.version(), cli.actions()
    own = {a for a in every if KEBAB.sub("-", a).lower() in known}
    if own != every and os.path.exists(model):
        cli.run("configure", "add-model", "--service-name", "stepfunctions", "--service-model", "file://" + os.path.abspath(model))
        known = cli.actions()
    has = {a for a in every if KEBAB.sub("-", a).lower() in known}
    cli.by_proxy = not cli.switch()
    print("ok    sync actions " + ("at sync-HOST, with the server for an HTTP proxy: this version does not know the switch"
                                   if cli.by_proxy else "at the plain host, by AWS_DISABLE_HOST_PREFIX_INJECTION"))
    made, provoked, failed = set(), set(), []

    def fault(text):
        failed.append(text)
        print("FAIL  " + text)

    do, flagged = Calls(cli, known, has != every), False
    for one in calls:
        kind = one.get("error")
        if "cli" in one.get("not", []) or kind and kind in provoked or one.get("after", next(iter(has))) not in has:
            continue
        if kind and not flagged:
            flags(do, cli, version, fault)
            flagged = True
        try:
            wrong = do.performed(one)
        except Unknown:
            continue
        except Refused as e:
            wrong = str(e)
        if wrong:
            fault("%s %s: %s" % (one.get("call", "DELETE"), kind or "", wrong))
            if not kind:
                break  # what follows needs it
        elif kind:
            provoked.add(kind)
        elif "call" in one:
            made.add(one["call"])
    print("figure: AWS CLI %d.%d.%d: %d of %d actions, %d of them by an added model, and %d kinds of refusals" % (
        *version, len(made), len(every), len(made - own), len(provoked)))
    for action in sorted(every - made):
        print("uncovered: %s: %s" % (action, "this version does not know it, and no model was at hand" if action not in has else "it failed"))
    if has - made and not failed:
        fault("known and not covered: " + ", ".join(sorted(has - made)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
