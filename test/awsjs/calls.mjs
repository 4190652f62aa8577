// Makes the calls of calls.json with this SDK, and tells which of its actions and
// modelled errors they cover.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { randomBytes } from "node:crypto";
import * as sdk from "@aws-sdk/client-sfn";
import { calls, client, endpoint, fault } from "./client.mjs";

const vars = {
  run: randomBytes(4).toString("hex"),
  role: "arn:aws:iam::111111111111:role/sdk-role",
  states: "arn:aws:states:us-east-1:111111111111",
};
const c = client();
const plain = client({ host: "plain" });

function text(s) {
  return s.replace(/\$\{(\w+)\}/g, (_, name) => {
    assert(name in vars, `\${${name}} is not known yet`);
    return vars[name];
  });
}

// fill puts values for names in ${…}, and for $json, $repeat and $text.
function fill(x) {
  if (typeof x === "string") return text(x);
  if (Array.isArray(x)) return x.map(fill);
  if (x === null || typeof x !== "object") return x;
  if ("$json" in x) return JSON.stringify(fill(x.$json));
  if ("$text" in x) return "x".repeat(x.$text);
  if ("$repeat" in x) {
    return Array.from({ length: x.$repeat }, (_, i) => {
      vars.i = String(i);
      return fill(x.of);
    });
  }
  return Object.fromEntries(Object.entries(x).map(([name, inner]) => [name, fill(inner)]));
}

const at = (x, path) => path.split(".").reduce((y, part) => y?.[part], x);

function differs(answer, want = {}) {
  for (const [path, w] of Object.entries(want)) {
    const got = at(answer, path);
    if (String(got) !== String(fill(w))) return `${path} is ${got}, want ${fill(w)}`;
  }
}

const send = (one, by = c) => by.send(new sdk[one.call + "Command"](fill(one.with ?? {})));

// pages goes through all pages, with the SDK's paginator where there is one.
async function* pages(one) {
  const input = fill(one.with ?? {});
  const paginate = sdk["paginate" + one.call];
  if (paginate) {
    const { maxResults, ...rest } = input;
    yield* paginate({ client: c, pageSize: maxResults }, rest);
    return;
  }
  for (;;) {
    const page = await send({ ...one, with: input });
    yield page;
    if (page.nextToken === undefined) return;
    input.nextToken = page.nextToken;
  }
}

async function listed(one) {
  const items = [];
  let n = 0;
  for await (const page of pages(one)) {
    items.push(...page[one.list]);
    n++;
  }
  if (one.least ? items.length < one.least : items.length !== one.count || n !== one.pages) {
    return `${items.length} items on ${n} pages, want ${one.count} on ${one.pages}`;
  }
  return differs(items, one.want);
}

async function refused(one) {
  try {
    await send(one);
  } catch (e) {
    const type = sdk[one.error];
    if (!(e instanceof type) || !(e instanceof sdk.SFNServiceException) || e.name !== one.error) return `got ${e.name}: ${e.message}`;
    if (e.$metadata.httpStatusCode !== 400 || !e.$metadata.requestId) return `with ${JSON.stringify(e.$metadata)}`;
    if (one.message ? e.message !== text(one.message) : !e.message) return `the text is ${e.message}`;
    if (one.reason && e.reason !== one.reason) return `the reason is ${e.reason}`;
    return undefined;
  }
  return "it was taken";
}

async function performed(one) {
  if (one.delete) {
    const answer = await fetch(endpoint + text(one.delete), { method: "DELETE" });
    return answer.ok ? undefined : `${answer.status} ${await answer.text()}`;
  }
  if (one.error) return refused(one);
  if (one.list) return listed(one);
  let answer;
  for (const end = Date.now() + 30_000; ; await new Promise((then) => setTimeout(then, 20))) {
    try {
      answer = await send(one);
    } catch (e) {
      if (!one.until?.error) throw e;
      answer = { error: e.name };
    }
    const waits = differs(answer, one.until);
    if (!waits) break;
    if (Date.now() > end) return `waited in vain: ${waits}`;
  }
  for (const [name, path] of Object.entries(one.keep ?? {})) vars[name] = at(answer, path);
  return differs(answer, one.want);
}

// modelled reads from the SDK's declarations which errors each action throws.
function modelled() {
  const folder = new URL("./node_modules/@aws-sdk/client-sfn/dist-types/commands/", import.meta.url);
  const out = new Map();
  for (const file of readdirSync(folder)) {
    const action = /^(\w+)Command\.d\.ts$/.exec(file)?.[1];
    if (!action) continue;
    const said = readFileSync(new URL(file, folder), "utf8");
    const errors = [...said.matchAll(/@throws \{@link (\w+)\}/g)].map((m) => m[1]);
    out.set(action, errors.filter((e) => e !== "SFNServiceException"));
  }
  return out;
}

const actions = new Set();
const provoked = new Set();
for (const one of calls.calls) {
  if (one.not?.includes("js")) continue;
  const name = one.error ? `${one.call} ${one.error}` : (one.call ?? "DELETE");
  for (let i = 0; i < (one.times ?? 1); i++) {
    vars.i = String(i);
    const wrong = await performed(one).catch((e) => `${e.name}: ${e.message}`);
    if (wrong) {
      fault(`${name}: ${wrong}`);
      if (!one.error) process.exit(1); // what follows needs it
    }
  }
  if (one.error) provoked.add(name);
  else if (one.call) actions.add(one.call);
}

// The two actions that the SDK sends to sync-HOST, at the plain host too.
{
  const definition = JSON.stringify({ Type: "Pass", End: true });
  const tested = await plain.send(new sdk.TestStateCommand({ definition, roleArn: vars.role, input: "3" }));
  if (tested.output !== "3") fault(`TestState at the plain host: ${tested.output}`);
  try {
    await plain.send(new sdk.StartSyncExecutionCommand({ stateMachineArn: vars.express + "-not" }));
    fault("StartSyncExecution at the plain host was taken");
  } catch (e) {
    if (!(e instanceof sdk.StateMachineDoesNotExist)) fault(`StartSyncExecution at the plain host: ${e}`);
  }
}

const has = modelled();
const silent = [];
const used = new Set();
let all = 0;
let done = 0;
for (const [action, errors] of [...has].sort()) {
  if (!actions.has(action)) fault(`no call of ${action} succeeds`);
  for (const e of errors) {
    all++;
    if (provoked.delete(`${action} ${e}`)) {
      done++;
      continue;
    }
    const why = calls.unprovoked.find((u) => u.error === e && (!u.call || u.call === action) && !u.not?.includes("js"));
    if (!why) fault(`${e} of ${action} is neither provoked nor explained`);
    used.add(why);
    silent.push(`uncovered: ${action} ${e}: ${why?.why}`);
  }
}
for (const u of calls.unprovoked) if (!used.has(u) && !u.not?.includes("js")) fault(`${u.call ?? ""} ${u.error} is explained and need not be`);
for (const extra of provoked) fault(`${extra} is not modelled`);
if (has.size !== 37 || all < 150) fault(`found ${has.size} actions and ${all} errors`);
const { version } = JSON.parse(readFileSync(new URL("./node_modules/@aws-sdk/client-sfn/package.json", import.meta.url)));
console.log(`figure: SDK for JavaScript ${version}: ${actions.size} of ${has.size} actions, ${done} of ${all} modelled errors`);
for (const line of silent) console.log(line);
