import { join } from "node:path";
import { readEnv } from "../../src/env.ts";
import { writeMigrated } from "./database.ts";
import { tempDir } from "./temp.ts";

export const checkout = join(import.meta.dir, "../..");

/** What this process has of settings is not a test's: only what a process needs to run at all. */
const bare = { PATH: Bun.env.PATH, HOME: Bun.env.HOME, TMPDIR: Bun.env.TMPDIR, FANFARE_READY: "1" };

export type Source = Readonly<Record<string, string>>;

/** Starts a program of the checkout, in the checkout unless told where. */
export function spawn(command: readonly string[], env: Source, cwd = checkout) {
  return Bun.spawn([...command], { env: { ...bare, ...env }, cwd, stdout: "pipe", stderr: "pipe" });
}

export interface Ended {
  readonly out: string;
  readonly err: string;
  readonly exit: number;
}

/** Runs it to its end. */
export async function ended(child: ReturnType<typeof spawn>): Promise<Ended> {
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { out, err, exit: await child.exited };
}

/** Runs `fanfare`, on a data directory of its own unless told which. */
export function fanfare(args: readonly string[], env: Source = {}): Promise<Ended> {
  const command = [process.execPath, join(checkout, "src/cli.ts"), ...args];
  return ended(spawn(command, { DATA_DIR: tempDir(), LOG_LEVEL: "silent", ...env }));
}

/** A data directory as the first start of a server leaves it. */
export async function installation(): Promise<string> {
  const { dataDir } = readEnv({ DATA_DIR: join(tempDir(), "data") });
  await writeMigrated(join(dataDir, "fanfare.db"));
  return dataDir;
}
