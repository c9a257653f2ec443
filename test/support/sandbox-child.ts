import { writeSync } from "node:fs";
import { createSandbox } from "../../src/channels/sandbox/sandbox.ts";
import { realWorld } from "../../src/world.ts";
import { batchOf } from "./envelopes.ts";

/** Sends SMS batches into the sandbox at argv[2] until it is killed, and says after each that it was answered. */
const sandbox = createSandbox({ path: process.argv[2] ?? "" }, realWorld);
for (let from = 1; ; from += 20) {
  const outcome = await sandbox.senders.SMS.send(batchOf("SMS", 20, from));
  if (outcome.kind === "results") writeSync(1, `answered ${from}\n`);
}
