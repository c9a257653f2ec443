import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { residentMiB, scratch, startChild } from "./broker-children.ts";

/**
 * A broker as `fanfare broker` runs it, and a destination, each a process of its own on a directory and ports of its
 * own.
 */
export type Rig = Awaited<ReturnType<typeof startRig>>;

export async function startRig() {
  const dir = scratch();
  const bun = process.execPath;
  const handler = await startChild({
    line: [bun, join(import.meta.dir, "broker-handler.ts")],
    cwd: dir.path,
    ready: /ready (.+)\n/,
  });
  const broker = await startChild({
    line: [bun, join(import.meta.dir, "../../src/cli.ts"), "broker"],
    cwd: dir.path,
    env: { DATA_DIR: dir.path, BROKER_PORT: "0", LOG_LEVEL: "error" },
    ready: /listens on (\S+)\n/,
  });
  const places: { empty: string; timed: string; seen: string } = JSON.parse(handler.said);
  const secrets: { brokerToken: string } = JSON.parse(readFileSync(join(dir.path, "secrets.json"), "utf8"));
  const size = (name: string) => (existsSync(join(dir.path, name)) ? statSync(join(dir.path, name)).size : 0);

  return {
    url: broker.said,
    token: secrets.brokerToken,
    /** Destinations: one does nothing, one notes how long messages were under way. */
    empty: `${places.empty}/job`,
    timed: `${places.timed}/job`,
    /** Calls of the empty handler, and when the last came (epoch ms). */
    calls: () => ask<{ calls: number; last: number }>(`${places.seen}/calls`),
    /** Ms from publishing to arrival, of each message to the timed handler. */
    waits: () => ask<number[]>(`${places.seen}/waits`),
    forget: () => fetch(`${places.seen}/forget`),
    residentMiB: () => residentMiB(broker.pid),
    /** What the queue takes on disk, its write-ahead log included. */
    bytesOnDisk: () => size("queue.db") + size("queue.db-wal"),
    /** The most memory that the broker ever had, MiB. */
    async stop() {
      const peak = await broker.stop();
      await handler.stop();
      dir.remove();
      return peak;
    },
  };
}

async function ask<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  const json: T = JSON.parse(await answer.text());
  return json;
}
