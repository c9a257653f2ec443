import { rm } from "node:fs/promises";
import { SetupError } from "../errors.ts";
import { kill, runsAt } from "./process.ts";
import { openHome, type ServerHome } from "./server-dir.ts";
import { openLine } from "./socket.ts";

/** The `redis-server` child of one data directory; nothing of it is on disk but its socket. */
export interface ManagedServer {
  /** Adopts the child that answers with this directory's mark, else replaces it; the URL of its socket. */
  ensure(): Promise<string>;
  stop(): Promise<void>;
}

const markKey = "fanfare:mark";
const patience = { probeMs: 1_000, startMs: 5_000, stopMs: 2_000 };

/** Prepares the directory; {@link ManagedServer.ensure} starts the child, detached, so that it outlives a crash of ours. */
export async function manageServer(dataDir: string, program: string): Promise<ManagedServer> {
  const home = await openHome(dataDir);
  let stopped = false;
  let under: Promise<void> = Promise.resolve();

  async function adoptOrReplace(): Promise<void> {
    const found = await ask(home.socket, "GET", markKey);
    if (found === home.mark) return;
    await dismiss(home, found !== undefined);
    await start(home, program);
  }

  return {
    async ensure() {
      if (stopped) throw new Error("the managed redis-server was stopped");
      under = adoptOrReplace();
      await under;
      return `redis+unix://${home.socket}`;
    },
    async stop() {
      stopped = true;
      await under.catch(() => {});
      await dismiss(home, true);
      await home.forgetSocket();
    },
  };
}

async function start(home: ServerHome, program: string): Promise<void> {
  await rm(home.log, { force: true });
  const place = ["--port", "0", "--unixsocket", home.socket, "--unixsocketperm", "700", "--dir", home.dir];
  const nothingKept = ["--save", "", "--appendonly", "no", "--daemonize", "no"];
  const traces = ["--pidfile", home.pidFile, "--logfile", home.log, "--loglevel", "warning"];
  const child = Bun.spawn([program, ...place, ...nothingKept, ...traces], {
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  child.unref();
  const answered = await eventually(patience.startMs, async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new SetupError(await whyNot(home));
    return (await ask(home.socket, "SET", markKey, home.mark)) === "OK";
  });
  if (!answered) throw new SetupError(`redis-server did not answer within ${patience.startMs} ms`);
}

/**
 * Ends the child of this directory, if there is one: over its socket when it answers there with the recorded pid,
 * by signal only when the recorded pid is a process started on our private socket. Nothing else is touched.
 */
async function dismiss(home: ServerHome, answers: boolean): Promise<void> {
  const pid = await home.recordedPid();
  if (pid !== undefined) {
    const gone = async () => !(await runsAt(pid, home.socket));
    if (answers && (await isServedBy(home, pid))) {
      await ask(home.socket, "SHUTDOWN", "NOSAVE");
      await eventually(patience.stopMs, gone);
    }
    if (!(await gone())) kill(pid);
    await eventually(patience.stopMs, gone);
  }
  await rm(home.pidFile, { force: true });
  await rm(home.socket, { force: true });
}

async function isServedBy(home: ServerHome, pid: number): Promise<boolean> {
  return String(await ask(home.socket, "INFO", "server")).includes(`process_id:${pid}\r`);
}

/** One command on a connection of its own; undefined when nobody answers in time. */
async function ask(socket: string, command: string, ...args: string[]): Promise<unknown> {
  try {
    const line = await openLine(`redis+unix://${socket}`, patience.probeMs);
    try {
      return await line.send(command, args);
    } finally {
      line.drop("asked");
    }
  } catch {
    return undefined;
  }
}

async function eventually(withinMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (await condition()) return true;
    await Bun.sleep(10);
  }
  return false;
}

async function whyNot(home: ServerHome): Promise<string> {
  const log = await Bun.file(home.log)
    .text()
    .catch(() => "");
  return `redis-server ended at once: ${log.trim().split("\n").at(-1) || "it gave no reason"}`;
}
