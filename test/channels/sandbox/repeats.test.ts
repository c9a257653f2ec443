import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createSandbox, type Sandbox, type SandboxOptions } from "../../../src/channels/sandbox/sandbox.ts";
import { realWorld, type World } from "../../../src/world.ts";
import { batchOf, envelope } from "../../support/envelopes.ts";
import { tempDir } from "../../support/temp.ts";

const hour = 3_600_000;
const opened: Sandbox[] = [];

function open({ clock = Date.now, ...options }: Partial<SandboxOptions & Pick<World, "clock">> = {}): Sandbox {
  const settings = { path: join(tempDir(), "sandbox.db"), timeoutMs: 30_000, ...options };
  const sandbox = createSandbox(settings, { ...realWorld, clock });
  opened.push(sandbox);
  return sandbox;
}

afterEach(() => {
  for (const sandbox of opened.splice(0)) sandbox.close();
});

describe("what the provider would recognise", () => {
  test("an e-mail batch repeated with its id answers the first result and delivers nothing again", async () => {
    const sandbox = open();
    const batch = {
      id: "b1",
      envelopes: [envelope("EMAIL", 1), envelope("EMAIL", 2, { to: ["nobody"] }), envelope("EMAIL", 3)],
    };
    const first = await sandbox.senders.EMAIL.send(batch);
    const second = await sandbox.senders.EMAIL.send(batch);
    expect(second).toEqual(first);
    expect(sandbox.counts().EMAIL).toBe(2);
    expect(sandbox.duplicates()).toBe(0);
  });

  test("a failure that the dice decided is part of the first result", async () => {
    const sandbox = open({ faults: { EMAIL: { fail: 0.5 } } });
    const batch = batchOf("EMAIL", 100);
    const first = await sandbox.senders.EMAIL.send(batch);
    expect(await sandbox.senders.EMAIL.send(batch)).toEqual(first);
    expect(sandbox.counts().EMAIL).toBeWithin(30, 70);
  });

  test("other contents under the id of an e-mail batch are unknown and not delivered", async () => {
    const sandbox = open();
    await sandbox.senders.EMAIL.send({ id: "b1", envelopes: [envelope("EMAIL", 1)] });
    expect(await sandbox.senders.EMAIL.send({ id: "b1", envelopes: [envelope("EMAIL", 2)] })).toEqual({
      kind: "results",
      results: [{ kind: "unknown", reason: "invalid_idempotent_request" }],
    });
    expect(sandbox.counts().EMAIL).toBe(1);
  });

  test("after 24 hours a repeated e-mail batch is a second delivery", async () => {
    let now = 0;
    const sandbox = open({ clock: () => now });
    const batch = batchOf("EMAIL", 2);
    await sandbox.senders.EMAIL.send(batch);
    now = 24 * hour - 1;
    await sandbox.senders.EMAIL.send(batch);
    expect(sandbox.duplicates()).toBe(0);
    now = 24 * hour;
    await sandbox.senders.EMAIL.send(batch);
    expect(sandbox.duplicates()).toBe(2);
  });

  test.each(["SMS", "PUSH"] as const)("a repeated %s batch is a second delivery and shows as such", async (channel) => {
    const sandbox = open();
    const batch = batchOf(channel, 3);
    await sandbox.senders[channel].send(batch);
    await sandbox.senders[channel].send({ ...batch, envelopes: batch.envelopes.slice(0, 2) });
    expect(sandbox.counts()[channel]).toBe(5);
    expect(sandbox.duplicates()).toBe(2);
    expect(sandbox.duplicates({ run: "run1" })).toBe(2);
    expect(sandbox.duplicates({ run: "run2" })).toBe(0);
  });
});
