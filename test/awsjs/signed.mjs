// Calls a server that wants signatures, with right keys and wrong, and with a clock
// that is wrong.
import * as sdk from "@aws-sdk/client-sfn";
import { client, fault } from "./client.mjs";

const key = "AKIDSDK";
const secret = process.env.STILE_SDK_KEY;
const list = new sdk.ListStateMachinesCommand({});

let asked = 0;

async function wants(name, c, code, message, command = list) {
  asked++;
  try {
    await c.send(command);
    if (code) fault(`${name}: it was taken`);
  } catch (e) {
    if (e.name !== code || (message && !message.test(e.message))) fault(`${name}: got ${e.name}: ${e.message}`);
  }
}

const validate = new sdk.ValidateStateMachineDefinitionCommand({ definition: '{"StartAt":"ü ~ % +"}' });
const test = new sdk.TestStateCommand({ definition: '{"Type":"Succeed"}', roleArn: "arn:aws:iam::111111111111:role/sdk-role" });
await wants("right key", client({ key, secret }));
await wants("right key, odd text", client({ key, secret }), undefined, undefined, validate);
// The host that was signed is sync-HOST, and the plain one.
await wants("sync- host", client({ key, secret }), undefined, undefined, test);
await wants("plain host", client({ key, secret, host: "plain" }), undefined, undefined, test);
await wants("wrong secret", client({ key, secret: secret + "x" }), "InvalidSignatureException", /^The request signature we calculated does not match/);
await wants("unknown key", client({ key: "AKIDNOT", secret }), "UnrecognizedClientException", /^The security token included in the request is invalid\.$/);
await wants("other region", client({ key, secret, region: "eu-west-1" }), "InvalidSignatureException", /^Credential should be scoped to a valid region, not 'eu-west-1'\.$/);

// A body that was changed behind the signature.
const altered = client({ key, secret });
altered.middlewareStack.add(
  (next) => (args) => {
    args.request.body = args.request.body.replace("{}", '{"maxResults":1}');
    return next(args);
  },
  { step: "finalizeRequest", priority: "low", name: "alter" },
);
await wants("altered body", altered, "InvalidSignatureException");

// A clock that is wrong: refused at the first attempt, right at the second, as the SDK
// learns the server's time from the refusal's Date header.
const minutes = 60_000;
for (const offset of [-10 * minutes, 10 * minutes]) {
  await wants(`clock off by ${offset}, one attempt`, client({ key, secret, systemClockOffset: offset, maxAttempts: 1 }), "InvalidSignatureException", /^Signature (expired|not yet current): /);
  const learns = await client({ key, secret, systemClockOffset: offset }).send(list).catch((e) => e);
  if (learns instanceof Error || learns.$metadata.attempts !== 2) fault(`clock off by ${offset}: ${learns} after ${learns.$metadata?.attempts} attempts`);
}
console.log(`figure: SDK for JavaScript, signed: ${asked} kinds of signatures`);
