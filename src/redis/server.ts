import { closeSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { SetupError } from "../errors.ts";
import type { Timers, World } from "../world.ts";
import { kill, runsAt } from "./process.ts";
import { openServerDir, type ServerDir } from "./server-dir.ts";
import { openSocket, type RedisSocket } from "./socket.ts";
import { inTurn } from "./turn.ts";

/**
 * The `redis-server` child of one data directory, and of all processes there; nothing of it is on disk but its socket
 * and its last words.
 */
export interface ManagedServer {
  /** Adopts the child that answers with this directory's mark, else replaces it; the URL of its socket. */
  ensure(): Promise<string>;
  /** Ends the child, unless other processes are there, who go on with it. */
  stop(): Promise<void>;
}

/** A child's directory, what is waited with, and the child that this process started last, if it runs. */
interface Place {
  readonly dir: ServerDir;
  readonly timers: Timers;
  child?: Bun.Subprocess | undefined;
  /** What tells the child, for as long as it is open, that this process is there. */
  presence?: RedisSocket | undefined;
}

const markKey = "fanfare:mark";
/** How a presence is called at the child, and how once its process leaves. */
const names = { there: "fanfare", left: "fanfare-left" };
const timeouts = { probeMs: 1_000, startMs: 5_000, stopMs: 2_000 };

/**
 * Prepares the directory; {@link ManagedServer.ensure} starts the child, detached, so that it outlives whoever started
 * it. There is one at a time: whatever does not answer, or not in time, is killed before the next one starts. Processes
 * that start, replace or end it do so one after the other.
 */
export async function manageServer(
  dataDir: string,
  program: string,
  world: Pick<World, "id" | "timers">,
): Promise<ManagedServer> {
  const { timers } = world;
  const dir = await openServerDir(dataDir, world);
  const at: Place = { dir, timers };
  let stopped = false;
  let ensuring: Promise<void> = Promise.resolve();

  async function adoptOrReplace(): Promise<void> {
    if ((await ask(at, "GET", markKey)) === dir.mark) return;
    await inTurn(dir.lock, timers, async () => {
      const found = await ask(at, "GET", markKey);
      if (found === dir.mark) return; // another process was faster
      await dismiss(at, found !== undefined);
      if (!stopped) await start(at, program, () => stopped);
    });
  }

  return {
    async ensure() {
      if (stopped) throw new Error("the managed redis-server was stopped");
      ensuring = adoptOrReplace().then(() => bePresent(at));
      await ensuring;
      return urlOf(at);
    },
    async stop() {
      stopped = true;
      await ensuring.catch(() => {});
      await inTurn(dir.lock, timers, async () => {
        if (await areOthersThere(at)) return;
        await dismiss(at, true);
        await dir.forgetSocket();
      });
      at.presence?.drop("left");
    },
  };
}

/** Says that this process is there, by a connection of its own: it goes with the process, however that ends. */
async function bePresent(at: Place): Promise<void> {
  at.presence?.drop("another follows");
  at.presence = await openSocket(urlOf(at), at.timers).catch(() => undefined);
  await at.presence?.send("CLIENT", ["SETNAME", names.there]).catch(() => {});
}

/** Whether other processes need our child. Says first that this one no longer does: of two that leave, one is last. */
async function areOthersThere(at: Place): Promise<boolean> {
  await at.presence?.send("CLIENT", ["SETNAME", names.left]).catch(() => {});
  if ((await ask(at, "GET", markKey)) !== at.dir.mark) return false;
  return String(await ask(at, "CLIENT", "LIST")).includes(` name=${names.there} `);
}

function urlOf({ dir }: Place): string {
  return `redis+unix://${dir.socket}`;
}

async function start(at: Place, program: string, givesUp: () => boolean): Promise<void> {
  const { dir, timers } = at;
  const child = spawn(dir, program);
  at.child = child;
  await dir.recordPid(child.pid);
  const answered = await eventually(timers, timeouts.startMs, async () => {
    if (hasEnded(child)) throw new SetupError(await whyNot(dir));
    return givesUp() || (await ask(at, "SET", markKey, dir.mark)) === "OK";
  });
  if (answered) return;
  kill(child.pid);
  throw new SetupError(`redis-server did not answer within ${timeouts.startMs} ms`);
}

/** Its words go to a file that we opened: where none can be written, as on a full disk, it starts all the same. */
function spawn(dir: ServerDir, program: string): Bun.Subprocess {
  const place = ["--port", "0", "--unixsocket", dir.socket, "--unixsocketperm", "700", "--dir", dir.path];
  const nothingKept = ["--save", "", "--appendonly", "no", "--daemonize", "no"];
  const traces = ["--logfile", "", "--loglevel", "warning"];
  const words = openedForWords(dir.log);
  try {
    const child = Bun.spawn([program, ...place, ...nothingKept, ...traces], {
      stdio: ["ignore", words ?? "ignore", "ignore"],
      detached: true,
    });
    child.unref();
    return child;
  } finally {
    if (words !== undefined) closeSync(words);
  }
}

function openedForWords(file: string): number | undefined {
  try {
    return openSync(file, "w", 0o600);
  } catch {
    return undefined;
  }
}

function hasEnded({ exitCode, signalCode }: Bun.Subprocess): boolean {
  return exitCode !== null || signalCode !== null;
}

/**
 * Ends the child of this directory, if there is one: over its socket when it answers there with its pid, by signal only
 * when it is ours or the recorded pid is a process started on our private socket. Nothing else is touched.
 */
async function dismiss(at: Place, answers: boolean): Promise<void> {
  const { dir, timers, child } = at;
  const known = child && !hasEnded(child) ? child.pid : await dir.recordedPid();
  const pid = known ?? (answers ? await pidOfOurs(at) : undefined);
  if (pid !== undefined) {
    const gone = async () => (pid === child?.pid && hasEnded(child)) || !(await runsAt(pid, dir.socket));
    if (answers && (await isServedBy(at, pid))) {
      await ask(at, "SHUTDOWN", "NOSAVE");
      await eventually(timers, timeouts.stopMs, gone);
    }
    if (!(await gone())) kill(pid);
    await eventually(timers, timeouts.stopMs, gone);
  }
  at.child = undefined;
  for (const trace of [dir.pidFile, dir.socket]) await rm(trace, { force: true }).catch(() => {}); // a disk gone bad
}

async function isServedBy(at: Place, pid: number): Promise<boolean> {
  return String(await ask(at, "INFO", "server")).includes(`process_id:${pid}\r`);
}

/** The pid of a server that bears our mark though none was noted, as when the disk was full. */
async function pidOfOurs(at: Place): Promise<number | undefined> {
  if ((await ask(at, "GET", markKey)) !== at.dir.mark) return undefined;
  return Number(/process_id:(\d+)\r/.exec(String(await ask(at, "INFO", "server")))?.[1]) || undefined;
}

/** One command on a connection of its own; undefined when nobody answers in time. */
async function ask(at: Place, command: string, ...args: string[]): Promise<unknown> {
  try {
    const connection = await openSocket(urlOf(at), at.timers, timeouts.probeMs);
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
