import { join } from "node:path";
import { openTestDatabase } from "./database.ts";
import { addMembers } from "./shop.ts";
import { tempDir } from "./temp.ts";

/** A whole Fanfare in a process of its own, as `npm start` runs it. */
export interface ServerProcess {
  readonly url: string;
  readonly exited: Promise<number>;
  /** Memory that it holds, in MiB. */
  memory(): Promise<number>;
  signal(name: "SIGTERM" | "SIGKILL"): void;
}

const root = join(import.meta.dir, "..", "..");

/** Starts one on a data directory with some members; with `descriptors`, the process may hold so many open. */
export async function startServer(
  env: Readonly<Record<string, string>>,
  { members = 0, descriptors }: { members?: number; descriptors?: number } = {},
): Promise<ServerProcess> {
  const dataDir = tempDir();
  const db = await openTestDatabase(join(dataDir, "fanfare.db"));
  if (members > 0) await addMembers(db, members);
  await db.close();
  const limit = descriptors === undefined ? "" : `ulimit -n ${descriptors}; `;
  const child = Bun.spawn(["sh", "-c", `${limit}exec "$0" src/main.ts`, process.execPath], {
    cwd: root,
    env: { PATH: Bun.env.PATH, DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "error", REDIS_URL: "none", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return {
    url: await addressIn(child.stdout),
    exited: child.exited,
    memory: async () => {
      const status = await Bun.file(`/proc/${child.pid}/status`).text();
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    },
    signal: (name) => child.kill(name),
  };
}

/** Where the process says that it listens. */
async function addressIn(output: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of output) {
    said += decoder.decode(chunk);
    const [, url] = /listens on (http:\S+)/.exec(said) ?? [];
    if (url) return url;
  }
  throw new Error(`it never listened: ${said}`);
}
