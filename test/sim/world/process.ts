import { rmSync } from "node:fs";
import { join } from "node:path";
import { type App, startApp } from "../../../src/app.ts";
import type { Context, Log } from "../../../src/context.ts";
import { readEnv } from "../../../src/env.ts";
import { buryFiles, killFiles } from "../kernel/disk.ts";
import type { Machine } from "../kernel/globals.ts";

/** The one process of the shop: it dies, and is started again on what is on disk. */
export interface Process {
  readonly url: string;
  /** The first operator's token. */
  readonly adminToken: string;
  /** Of the process that runs, if one does. */
  readonly ctx: Context | undefined;
  /** Lives so far. */
  readonly lives: number;
  /** How often the queue lost all that it had. */
  readonly queueLosses: number;
  start(): Promise<void>;
  /**
   * `kill -9`, and a new process after so many ms; where it is asked for, without what the queue had. Nothing happens
   * where none runs.
   */
  crash(why: string, awayMs: number, losesQueue?: boolean): void;
}

export interface ProcessOptions {
  readonly machine: Machine;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly say: (line: string) => void;
}

/** So long a supervisor waits before it starts again what ended by itself. */
const restartMs = 5_000;

/** Whether this JavaScript has modules to load yet, which it does on threads of its own. */
let isNew = true;

const url = "http://127.0.0.1:3000";

export function createProcess({ machine, dataDir, env, log, say }: ProcessOptions): Process {
  const { engine, network } = machine;
  let app: App | undefined;
  let adminToken = "";
  let lives = 0;
  let queueLosses = 0;
  let isDying = false;
  /** It runs, or is about to. */
  let isThere = false;

  async function start(): Promise<void> {
    const life = ++lives;
    isThere = true;
    const heard: Log = (...line) => {
      if (life === lives) log(...line);
    };
    const settings = readEnv({ DATA_DIR: dataDir, PORT: "3000", BROKER_PORT: "3001", PUBLIC_URL: url, ...env });
    engine.readsFiles = isNew; // until it listens: then all of them are read
    const started = await startApp(settings, { log: heard });
    isNew = false;
    if (life !== lives) return; // it died while it began
    app = started;
    if (started.adminToken !== undefined) adminToken = started.adminToken;
  }

  function begin(): void {
    const life = lives + 1;
    start().catch((error) => {
      if (life === lives) shop.crash(`it did not start, ${String(error).replaceAll(dataDir, "")}`, restartMs);
    });
  }

  const shop: Process = {
    url,
    get adminToken() {
      return adminToken;
    },
    get ctx() {
      return app?.ctx;
    },
    get lives() {
      return lives;
    },
    get queueLosses() {
      return queueLosses;
    },
    start,
    crash(why, awayMs, losesQueue = false) {
      if (!isThere || isDying) return;
      say(`the process is killed: ${why}${losesQueue ? "; its queue is lost" : ""}`);
      isDying = true;
      isThere = false;
      app = undefined;
      engine.readsFiles = false;
      lives += 1;
      killFiles();
      network.crash();
      // What it does in this turn of the event loop does nothing any more; then it is taken away.
      engine.soonOutside(() => {
        engine.dropInside();
        network.revive();
        buryFiles();
        if (losesQueue) queueLosses += 1;
        if (losesQueue)
          for (const end of ["", "-wal", "-shm"]) rmSync(join(dataDir, `queue.db${end}`), { force: true });
        isDying = false;
        engine.after(awayMs, begin, false);
      });
    },
  };
  return shop;
}
