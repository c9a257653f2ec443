import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ExternalChannelName, SendBatch } from "../../../src/channels/channel.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "../../../src/channels/sandbox/sandbox.ts";
import { realWorld, type World } from "../../../src/world.ts";
import { batchOf, envelope } from "../../support/envelopes.ts";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";

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

async function kinds(
  sandbox: Sandbox,
  channel: ExternalChannelName,
  batch: SendBatch,
): Promise<Record<string, number>> {
  const outcome = await sandbox.senders[channel].send(batch);
  if (outcome.kind !== "results") return { [`batch ${outcome.kind}`]: 1 };
  const tally: Record<string, number> = {};
  for (const { kind } of outcome.results) tally[kind] = (tally[kind] ?? 0) + 1;
  return tally;
}

test.each<[string, ExternalChannelName, Record<string, string>, string]>([
  ["a text of 1,700 characters", "SMS", { text: "x".repeat(1_700) }, "1700 characters long; 1600 are possible"],
  ["a subject of two lines", "EMAIL", { subject: "Hello\nKim", html: "x" }, "it has more than one line"],
  ["a push of 5,000 bytes", "PUSH", { title: "x", body: "x".repeat(5_000) }, "4096 are possible"],
  ["a message without a word", "SMS", { text: " " }, "it says nothing"],
])("%s is refused as the provider would, and it alone", async (_name, channel, parts, reason) => {
  const batch = batchOf(channel, 2);
  const [first, ...others] = batch.envelopes;
  const envelopes = [{ ...first!, parts }, ...others];
  const outcome = await open().senders[channel].send({ ...batch, envelopes });
  expect(outcome).toMatchObject({
    results: [{ kind: "failed", reason: expect.stringContaining(reason) }, { kind: "sent" }],
  });
});

describe("faults", () => {
  test("a busy provider accepts nothing and asks for another try", async () => {
    const sandbox = open({ faults: { EMAIL: { busy: 1 }, SMS: { busy: 1 } } });
    expect(await kinds(sandbox, "EMAIL", batchOf("EMAIL", 3))).toEqual({ "batch retry": 1 });
    expect(await kinds(sandbox, "SMS", batchOf("SMS", 3))).toEqual({ retry: 3 });
    expect(sandbox.counts()).toMatchObject({ EMAIL: 0, SMS: 0, PUSH: 0 });
  });

  test("a dropped request times out and is not in the log", async () => {
    const sandbox = open({ faults: { EMAIL: { drop: 1 }, PUSH: { drop: 1 } }, timeoutMs: 30 });
    expect(await kinds(sandbox, "EMAIL", batchOf("EMAIL", 3))).toEqual({ "batch retry": 1 });
    expect(await kinds(sandbox, "PUSH", batchOf("PUSH", 3))).toEqual({ unknown: 3 });
    expect(sandbox.counts()).toMatchObject({ EMAIL: 0, SMS: 0, PUSH: 0 });
  });

  test("a late answer times out though the send is in the log", async () => {
    const sandbox = open({ faults: { EMAIL: { late: 1 }, SMS: { late: 1 } }, timeoutMs: 300 });
    const batch = batchOf("EMAIL", 3);
    expect(await kinds(sandbox, "EMAIL", batch)).toEqual({ "batch retry": 1 });
    expect(await kinds(sandbox, "SMS", batchOf("SMS", 3))).toEqual({ unknown: 3 });
    expect(sandbox.counts()).toMatchObject({ EMAIL: 3, SMS: 3, PUSH: 0 });
    sandbox.setFaults("EMAIL", {});
    expect(await kinds(sandbox, "EMAIL", batch)).toEqual({ sent: 3 });
    expect(sandbox.duplicates()).toBe(0);
  });

  test("an answer that is late but in time is heard", async () => {
    const sandbox = open({ faults: { EMAIL: { late: 1, lateMs: 5 }, PUSH: { late: 1, lateMs: 5 } } });
    expect(await kinds(sandbox, "EMAIL", batchOf("EMAIL", 2))).toEqual({ sent: 2 });
    expect(await kinds(sandbox, "PUSH", batchOf("PUSH", 2))).toEqual({ sent: 2 });
  });

  test("a log that cannot be written has accepted nothing, whatever else goes wrong", async () => {
    const sandbox = open({ faults: { SMS: { late: 1 }, PUSH: { delayMs: 5 }, EMAIL: { delayMs: 5 } } });
    const sending = (["SMS", "PUSH", "EMAIL"] as const).map((channel) => kinds(sandbox, channel, batchOf(channel, 2)));
    sandbox.close();
    expect(await Promise.all(sending)).toEqual(Array(3).fill({ "batch retry": 1 }));
  });

  test("a delay longer than the time-out delivers after the sender gave up", async () => {
    const sandbox = open({ faults: { SMS: { delayMs: 60 } }, timeoutMs: 30 });
    expect(await kinds(sandbox, "SMS", batchOf("SMS", 2))).toEqual({ unknown: 2 });
    await until(() => sandbox.counts().SMS === 2);
  });

  test("rates strike some rows of a channel that sends row by row, the same ones for the same seed", async () => {
    const options = { faults: { SMS: { fail: 0.2, busy: 0.1, drop: 0.1, late: 0.1 } }, seed: 7, timeoutMs: 300 };
    const batch = batchOf("SMS", 200);
    const one = open(options);
    const tally = await kinds(one, "SMS", batch);
    expect(tally).toEqual(await kinds(open(options), "SMS", batch));
    expect(Object.keys(tally).sort()).toEqual(["failed", "retry", "sent", "unknown"]);
    expect(one.counts().SMS).toBeGreaterThan(tally.sent ?? 0);
  });

  test("faults set by one process hold for another that shares the file", async () => {
    const path = join(tempDir(), "sandbox.db");
    const [here, there] = [open({ path }), open({ path })];
    here.setFaults("PUSH", { busy: 1 });
    expect(await kinds(there, "PUSH", batchOf("PUSH", 1))).toEqual({ retry: 1 });
    here.setFaults("PUSH", {});
    expect(await kinds(there, "PUSH", batchOf("PUSH", 1))).toEqual({ sent: 1 });
  });
});

describe("the log", () => {
  test("it shows every send newest first, page by page", async () => {
    const sandbox = open({ clock: () => 1_234 });
    await sandbox.senders.EMAIL.send({
      id: "b1",
      envelopes: [
        envelope("EMAIL", 1),
        envelope("EMAIL", 2, { unsubscribeUrl: "https://shop.test/u/2" }),
        envelope("EMAIL", 3),
      ],
    });
    const page = sandbox.list({ first: 2 });
    expect(page.hasNext).toBe(true);
    expect(page.deliveries.map(({ ref }) => ref)).toEqual(["run1:3", "run1:2"]);
    expect(page.deliveries[1]).toEqual({
      seq: 2,
      providerId: "sandbox-2",
      channel: "EMAIL",
      batchId: "b1",
      ref: "run1:2",
      to: ["member2@shop.test"],
      parts: { subject: "Hello", html: "<p>Hello</p>", text: "Hello" },
      unsubscribeUrl: "https://shop.test/u/2",
      at: 1_234,
    });
    const rest = sandbox.list({ first: 2, after: 2 });
    expect(rest).toMatchObject({ hasNext: false, deliveries: [{ ref: "run1:1" }] });
  });

  test("it is searched by channel, address, ref and run", async () => {
    const sandbox = open();
    await sandbox.senders.EMAIL.send({
      id: "b1",
      envelopes: [envelope("EMAIL", 1), envelope("EMAIL", 2, { ref: "run2:007" })],
    });
    await sandbox.senders.PUSH.send({
      id: "b2",
      envelopes: [envelope("PUSH", 1, { to: ["a", "b"] }), envelope("PUSH", 3, { ref: "loose" })],
    });
    const refs = (filter: Parameters<Sandbox["list"]>[0]) =>
      sandbox.list(filter).deliveries.map(({ channel, ref }) => `${channel} ${ref}`);
    expect(refs({ channel: "EMAIL" })).toEqual(["EMAIL run2:007", "EMAIL run1:1"]);
    expect(refs({ to: "b" })).toEqual(["PUSH run1:1"]);
    expect(refs({ to: "member2@shop.test" })).toEqual(["EMAIL run2:007"]);
    expect(refs({ ref: "run1:1" })).toEqual(["PUSH run1:1", "EMAIL run1:1"]);
    expect(refs({ ref: "run2:007" })).toEqual(["EMAIL run2:007"]);
    expect(refs({ ref: "run2:7" })).toEqual([]);
    expect(refs({ ref: "loose" })).toEqual(["PUSH loose"]);
    expect(refs({ run: "run1", channel: "PUSH" })).toEqual(["PUSH run1:1"]);
    expect(sandbox.counts({ run: "run1" })).toMatchObject({ EMAIL: 1, SMS: 0, PUSH: 1 });
  });

  test("another program reads it as plain SQL", async () => {
    const path = join(tempDir(), "sandbox.db");
    await open({ path, clock: () => 5 }).senders.SMS.send({ id: "b1", envelopes: [envelope("SMS", 9)] });
    const file = new Database(path, { readonly: true });
    expect(file.query("SELECT channel, batch, ref, recipient, at FROM delivered").all()).toEqual([
      { channel: "SMS", batch: "b1", ref: "run1:9", recipient: "+447946000009", at: 5 },
    ]);
    file.close();
  });

  test("a channel keeps its number in the file, whatever the catalogue's order", async () => {
    const path = join(tempDir(), "sandbox.db");
    const file = new Database(path);
    file.run("CREATE TABLE channel (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)");
    file.run("INSERT INTO channel VALUES (0, 'PUSH'), (1, 'FAX')");
    file.close();
    const sandbox = open({ path, faults: { PUSH: { delayMs: 1 } } });
    await sandbox.senders.PUSH.send(batchOf("PUSH", 1));
    await sandbox.senders.EMAIL.send(batchOf("EMAIL", 2));
    const again = open({ path });
    expect(again.counts()).toMatchObject({ EMAIL: 2, SMS: 0, PUSH: 1 });
    expect(again.list({ channel: "EMAIL" }).deliveries.map(({ channel }) => channel)).toEqual(["EMAIL", "EMAIL"]);
    expect(again.faults()).toMatchObject({ PUSH: { delayMs: 1 }, SMS: { delayMs: 0 } });
  });

  test("purging drops what is old and keeps the keys that still count", async () => {
    let now = 0;
    const sandbox = open({ clock: () => now });
    const [old, young] = [batchOf("EMAIL", 3), batchOf("EMAIL", 2, 4)];
    await sandbox.senders.EMAIL.send(old);
    now = hour;
    await sandbox.senders.EMAIL.send(young);
    expect(await sandbox.purge(hour)).toBe(3);
    expect(sandbox.list().deliveries.map(({ ref }) => ref)).toEqual(["run1:5", "run1:4"]);
    await sandbox.senders.EMAIL.send(old);
    expect(sandbox.counts().EMAIL).toBe(2);
    now = 30 * hour;
    expect(await sandbox.purge(now)).toBe(2);
    expect(sandbox.counts().EMAIL).toBe(0);
  });

  test("of a member who was erased neither address nor words are in its file, and none come later", async () => {
    const path = join(tempDir(), "sandbox.db");
    const sandbox = open({ path });
    const [address = "nobody"] = envelope("EMAIL", 2).to;
    await sandbox.senders.EMAIL.send(batchOf("EMAIL", 3));
    sandbox.forget(2);
    await sandbox.senders.EMAIL.send(batchOf("EMAIL", 3));
    expect(sandbox.list({ to: address }).deliveries).toEqual([]);
    expect(sandbox.list({ ref: "run1:2" }).deliveries).toMatchObject([
      { to: [], parts: {} },
      { to: [], parts: {} },
    ]);
    expect(sandbox.counts().EMAIL).toBe(6);
    for (const file of [path, `${path}-wal`]) expect(readFileSync(file).includes(address)).toBe(false);
  });

  test("20,000 e-mails take a few megabytes", async () => {
    const path = join(tempDir(), "sandbox.db");
    const sandbox = open({ path });
    for (let from = 0; from < 20_000; from += 400)
      await Promise.all(
        [0, 100, 200, 300].map((step) => sandbox.senders.EMAIL.send(batchOf("EMAIL", 100, from + step))),
      );
    expect(sandbox.counts().EMAIL).toBe(20_000);
    expect(sandbox.duplicates()).toBe(0);
    sandbox.close();
    expect(statSync(path).size / 20_000).toBeLessThan(250);
  });
});

test("what was answered survives a kill right after the answer", async () => {
  const path = join(tempDir(), "sandbox.db");
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../support/sandbox-child.ts"), path], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const answered = await child.stdout.getReader().read();
  child.kill("SIGKILL");
  await child.exited;
  const batches = new TextDecoder().decode(answered.value).trim().split("\n").length;
  expect(open({ path }).counts().SMS).toBeGreaterThanOrEqual(batches * 20);
});
