import { afterAll, expect, test } from "bun:test";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@upstash/qstash";
import { tempDir } from "../../support/temp.ts";
import { until } from "../../support/wait.ts";
import { destination, stopAll, token } from "./support.ts";

/** A disk of a few megabytes, for one process alone: it is gone when that is. */
const onSmallDisk = ["unshare", "--map-root-user", "--mount", "sh", "-c"];
const mount = 'mount -t tmpfs -o size=12m tmpfs "$1"';

const children: Bun.Subprocess[] = [];
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await stopAll();
});

function canMount(): boolean {
  try {
    return Bun.spawnSync([...onSmallDisk, mount, "sh", tempDir()], { stderr: "ignore" }).success;
  } catch {
    return false;
  }
}

/** A broker on such a disk, which can be filled and emptied. */
async function brokerOnSmallDisk() {
  const dir = tempDir();
  const script = join(import.meta.dir, "broker-process.ts");
  const run = `${mount} && exec "$2" "$3" "$1/queue.db"`;
  const child = Bun.spawn([...onSmallDisk, run, "sh", dir, process.execPath, script], { stdout: "pipe" });
  children.push(child);
  const { value } = await child.stdout.getReader().read();
  const baseUrl = new TextDecoder().decode(value).trim();
  const filler = `/proc/${child.pid}/root${dir}/filler`;
  return {
    baseUrl,
    client: new Client({ baseUrl, token, retry: false, enableTelemetry: false }),
    fill: () => fill(filler),
    empty: () => rmSync(filler),
  };
}

function fill(path: string): void {
  const file = openSync(path, "w");
  for (const size of [65_536, 4_096, 1]) {
    try {
      for (;;) writeSync(file, new Uint8Array(size));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
  closeSync(file);
}

const why = canMount() ? "" : " (skipped: this machine lets nobody mount a small disk)";

test.skipIf(why !== "")(
  `on a full disk publishes are refused with a 5xx, nothing accepted is lost, and with room again all goes on${why}`,
  async () => {
    const shop = destination();
    const { baseUrl, client, fill, empty } = await brokerOnSmallDisk();
    const accepted: string[] = [];
    let refused = 0;
    const publish = async (bytes: number, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${baseUrl}/v2/publish/${shop.url}/${accepted.length}`, {
        method: "POST",
        body: "x".repeat(bytes),
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
      if (answer.ok) accepted.push(((await answer.json()) as { messageId: string }).messageId);
      else {
        expect([answer.status >= 500, typeof ((await answer.json()) as { error: string }).error]).toEqual([
          true,
          "string",
        ]);
        refused += 1;
      }
    };

    for (let n = 0; n < 20; n++) await publish(10_000, { "Upstash-Delay": "1s" });
    expect(refused).toBe(0);
    fill();
    for (let n = 0; n < 40; n++) await publish(100_000, { "Upstash-Delay": "1s" });
    expect(refused).toBeGreaterThan(30);
    expect((await fetch(`${baseUrl}/health`)).ok).toBe(true);
    expect((await client.messages.get(accepted[0]!)).messageId).toBe(accepted[0]!);
    const before = accepted.length;
    await until(() => shop.deliveries.length >= before); // delivered, though it cannot be written down

    empty();
    await until(() => publish(100_000).then(() => accepted.length > before));
    const ids = () => shop.deliveries.map(({ headers }) => headers.get("upstash-message-id"));
    await until(() => accepted.every((id) => ids().includes(id)));
    const isGone = (id: string) =>
      client.messages.get(id).then(
        () => false,
        () => true,
      );
    await until(async () => (await Promise.all(accepted.map(isGone))).every(Boolean));
    expect(new Set(ids())).toEqual(new Set(accepted));
    expect(ids().length).toBe(accepted.length);
    expect((await client.dlq.listMessages()).messages).toEqual([]);
    console.log(`${accepted.length} accepted and delivered, ${refused} refused`);
  },
);
