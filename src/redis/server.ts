import { rm } from "node:fs/promises";
import { SetupError } from "../errors.ts";
import type { Timers, World } from "../world.ts";
import { kill, runsAt } from "./process.ts";
import { openServerDir, type ServerDir } from "./server-dir.ts";
import { openSocket } from "./socket.ts";

/** The `redis-server` child of one data directory; nothing of it is on disk but its socket. */
export interface ManagedServer {
  /** Adopts the child that answers with this directory's mark, else replaces it; the URL of its socket. */
  ensure(): Promise<string>;
  stop(): Promise<void>;
}

/** A child's directory, and what is waited with. */
interface Place {
  readonly dir: ServerDir;
  readonly timers: Timers;
}

const markKey = "fanfare:mark";
const timeouts = { probeMs: 1_000, startMs: 5_000, stopMs: 2_000 };

/**
 * Prepares the directory; {@link ManagedServer.ensure} starts the child, detached, so that it outlives a crash of ours.
 */
export async function manageServer(
  dataDir: string,
  program: string,
  { id, timers }: Pick<World, "id" | "timers">,
): Promise<ManagedServer> {
  const dir = await openServerDir(dataDir, id);
  let stopped = false;
  let ensuring: Promise<void> = Promise.resolve();

  async function adoptOrReplace(): Promise<void> {
    const found = await ask({ dir, timers }, "GET", markKey);
    if (found === dir.mark) return;
    await dismiss({ dir, timers }, found !== undefined);
    await start({ dir, timers }, program);
  }

  return {
    async ensure() {
      if (stopped) throw new Error("the managed redis-server was stopped");
      ensuring = adoptOrReplace();
      await ensuring;
      return `redis+unix://${dir.socket}`;
    },
    async stop() {
      stopped = true;
      await ensuring.catch(() => {});
      await dismiss({ dir, timers }, true);
      await dir.forgetSocket();
    },
  };
}

async function start(at: Place, program: string): Promise<void> {
  const { dir, timers } = at;
  await rm(dir.log, { force: true });
  const place = ["--port", "0", "--unixsocket", dir.socket, "--unixsocketperm", "700", "--dir", dir.path];
  const nothingKept = ["--save", "", "--appendonly", "no", "--daemonize", "no"];
  const traces = ["--pidfile", dir.pidFile, "--logfile", dir.log, "--loglevel", "warning"];
  const child = Bun.spawn([program, ...place, ...nothingKept, ...traces], {
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  child.unref();
  const answered = await eventually(timers, timeouts.startMs, async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new SetupError(await whyNot(dir));
    return (await ask(at, "SET", markKey, dir.mark)) === "OK";
  });
  if (!answered) throw new SetupError(`redis-server did not answer within ${timeouts.startMs} ms`);
}

/**
 * Ends the child of this directory, if there is one: over its socket when it answers there with the recorded pid,
 * by signal only when the recorded pid is a process started on our private socket. Nothing else is touched.
 */
async function dismiss(at: Place, answers: boolean): Promise<void> {
  const { dir, timers } = at;
  const pid = await dir.recordedPid();
  if (pid !== undefined) {
    const gone = async () => !(await runsAt(pid, dir.socket));
    if (answers && (await isServedBy(at, pid))) {
      await ask(at, "SHUTDOWN", "NOSAVE");
      await eventually(timers, timeouts.stopMs, gone);
    }
    if (!(await gone())) kill(pid);
    await eventually(timers, timeouts.stopMs, gone);
  }
  await rm(dir.pidFile, { force: true });
  await rm(dir.socket, { force: true });
}

async function isServedBy(at: Place, pid: number): Promise<boolean> {
  return String(await ask(at, "INFO", "server")).includes(`process_id:${pid}\r`);
}

/** One command on a connection of its own; undefined when nobody answers in time. */
async function ask({ dir, timers }: Place, command: string, ...args: string[]): Promise<unknown> {
  try {
    const connection = await openSocket(`redis+unix://${dir.socket}`, timers, timeouts.probeMs);
    try {
      return await connection.send(command, args);
    } finally {
      connection.drop("asked");
    }
  } catch {
    return undefined;
  }
}

async function eventually(timers: Timers, withinMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = timers.now() + withinMs;
  while (timers.now() < deadline) {
    if (await condition()) return true;
    await timers.sleep(10);
  }
  return false;
}

async function whyNot(dir: ServerDir): Promise<string> {
  const log = await Bun.file(dir.log)
    .text()
    .catch(() => "");
  return `redis-server ended at once: ${log.trim().split("\n").at(-1) || "it gave no reason"}`;
}
