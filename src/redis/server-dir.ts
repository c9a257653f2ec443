import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { World } from "../world.ts";
import { inTurn } from "./turn.ts";

/** Where the child of one data directory keeps its socket and its traces. */
export interface ServerDir {
  readonly path: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly log: string;
  /** Held by the process whose turn it is to start, replace or end the child. */
  readonly lock: string;
  /** What a Redis must answer to be this directory's: its nonce bound to its place, so a copied directory differs. */
  readonly mark: string;
  /** The pid of the last child, whether or not it still runs. */
  recordedPid(): Promise<number | undefined>;
  /** Notes the pid of a child just started; where nothing can be written, it is known to its starter alone. */
  recordPid(pid: number): Promise<void>;
  /** Removes the directory made for the socket outside the data directory, if one was. */
  forgetSocket(): Promise<void>;
}

export async function openServerDir(dataDir: string, { id, timers }: Pick<World, "id" | "timers">): Promise<ServerDir> {
  const dir = join(await realpathOf(dataDir), "redis");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  const nonce = await once(join(dir, "nonce"), id);
  const near = join(dir, "redis.sock");
  const lock = join(dir, "lock");
  const socket = fits(near) ? near : await inTurn(lock, timers, () => socketElsewhere(dir));
  const pidFile = join(dir, "redis.pid");
  return {
    path: dir,
    socket,
    pidFile,
    log: join(dir, "redis.log"),
    lock,
    mark: new Bun.CryptoHasher("sha256").update(`${nonce}\n${dir}`).digest("hex"),
    recordedPid: () => pidIn(pidFile),
    recordPid: (pid) => writeFile(pidFile, `${pid}\n`, { mode: 0o600 }).catch(() => {}),
    async forgetSocket() {
      if (socket === near) return;
      await rm(dirname(socket), { recursive: true, force: true });
      await rm(join(dir, "socket.json"), { force: true });
    },
  };
}

/** A unix socket's path holds 103 bytes on macOS, and Bun's redis+unix URL takes it as it stands, unescaped. */
function fits(path: string): boolean {
  return Buffer.byteLength(path) <= 100 && /^[\w./+@=,-]+$/.test(path);
}

const Elsewhere = z.object({ home: z.string(), socket: z.string() });

/** A private directory under the system's temporary one, remembered in ours so that a crash's child is found again. */
async function socketElsewhere(dir: string): Promise<string> {
  const file = join(dir, "socket.json");
  const known = Elsewhere.safeParse(await jsonIn(file));
  if (known.success && known.data.home === dir && (await isDirectory(dirname(known.data.socket))))
    return known.data.socket;
  const parent = fits(join(tmpdir(), "fanfare-000000/redis.sock")) ? tmpdir() : "/tmp";
  const socket = join(await mkdtemp(join(parent, "fanfare-")), "redis.sock");
  await writeFile(file, JSON.stringify({ home: dir, socket }), { mode: 0o600 });
  return socket;
}

/** The text of a file that the first to come writes. */
async function once(file: string, make: () => string): Promise<string> {
  await writeFile(file, make(), { flag: "wx", mode: 0o600 }).catch(ignoreExisting);
  return readFile(file, "utf8");
}

function ignoreExisting(fault: NodeJS.ErrnoException): void {
  if (fault.code !== "EEXIST") throw fault;
}

async function realpathOf(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  return realpath(dir);
}

async function pidIn(file: string): Promise<number | undefined> {
  const pid = Number(await readFile(file, "utf8").catch(() => ""));
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

async function jsonIn(file: string): Promise<unknown> {
  return Bun.file(file)
    .json()
    .catch(() => undefined);
}

async function isDirectory(path: string): Promise<boolean> {
  return (
    (
      await Bun.file(path)
        .stat()
        .catch(() => undefined)
    )?.isDirectory() ?? false
  );
}
