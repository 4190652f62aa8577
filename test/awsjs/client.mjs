// The SDK's client for the server of STILE_ENDPOINT.
import { lookup } from "node:dns";
import { Agent } from "node:http";
import { readFileSync } from "node:fs";
import { SFNClient } from "@aws-sdk/client-sfn";
import { NodeHttpHandler } from "@smithy/node-http-handler";

export const endpoint = process.env.STILE_ENDPOINT;
if (!endpoint) throw new Error("STILE_ENDPOINT is not set");

// prefixed leaves the host as the SDK makes it and finds sync-HOST at HOST, as a name
// that is in DNS or in the hosts file is found.
const prefixed = (host, options, done) => lookup(host.replace(/^sync-/, ""), options, done);

/** client makes a client; host is "prefixed" or "plain", as disableHostPrefix has it. */
export function client({ host = "prefixed", key = "any", secret = "any", ...more } = {}) {
  return new SFNClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: key, secretAccessKey: secret },
    disableHostPrefix: host === "plain",
    requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, lookup: prefixed }) }),
    ...more,
  });
}

export const calls = JSON.parse(readFileSync(new URL("../awssdk/testdata/calls.json", import.meta.url)));

let failed = 0;
/** fault tells what did not hold; the process ends with 1 then. */
export function fault(text) {
  failed++;
  process.exitCode = 1;
  console.log("FAIL  " + text);
}
