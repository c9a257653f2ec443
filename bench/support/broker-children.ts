import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Processes and directories of a bench's own. Whatever happens to the bench, they end with it: each process by its own
// pid.

const living = new Set<Bun.Subprocess>();
const directories = new Set<string>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
  for (const path of directories) rmSync(path, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

/** A private directory. */
export function scratch(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "fanfare-bench-"));
  directories.add(path);
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
      directories.delete(path);
    },
  };
}

export interface Child {
  readonly pid: number;
  /** What the `ready` pattern found in its output. */
  readonly said: string;
  /** Asks it to end, insists after a while; answers the most memory it ever had, MiB. */
  stop(): Promise<number>;
}

interface Command {
  readonly line: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In its output: it can be used now. */
  readonly ready: RegExp;
}

const longestStart = 30_000;

/** Starts a process with next to nothing in its environment and waits until it is ready. */
export async function startChild({ line, cwd, env = {}, ready }: Command): Promise<Child> {
  const child = spawn(line, cwd, env);
  const said = await Promise.race([readUntil(child.stdout, ready), Bun.sleep(longestStart)]);
  if (said === undefined) throw new Error(`${line.join(" ")} did not become ready`);
  return {
    pid: child.pid,
    said,
    async stop() {
      child.kill("SIGTERM");
      const insist = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await child.exited;
      clearTimeout(insist);
      return Math.round((child.resourceUsage()?.maxRSS ?? 0) / 1_048_576);
    },
  };
}

/** Runs a process to its end; its last line is JSON. */
export async function runChild<T>(line: readonly string[], cwd: string): Promise<T> {
  const child = spawn(line, cwd, {});
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${line.join(" ")} failed`);
  return JSON.parse(text.trim().split("\n").at(-1) ?? "");
}

/** Memory that a process holds now, MiB. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => undefined);
  const kib = status?.match(/^VmRSS:\s+(\d+)/m)?.[1] ?? Bun.spawnSync(["ps", "-o", "rss=", "-p", `${pid}`]).stdout;
  return Math.round(Number(kib.toString()) / 1024);
}

function spawn(line: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  const options = { cwd, env: { PATH: process.env.PATH, ...env }, stdin: "ignore", stderr: "inherit" } as const;
  const child = Bun.spawn([...line], { ...options, stdout: "pipe" });
  living.add(child);
  child.exited.then(() => living.delete(child));
  return child;
}

async function readUntil(output: ReadableStream<Uint8Array>, ready: RegExp): Promise<string | undefined> {
  const reader = output.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    text += decoder.decode(value, { stream: true });
    const found = ready.exec(text);
    if (!found) continue;
    drain(reader);
    return found[1] ?? found[0];
  }
}

/** A full pipe would hold the process up. */
async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}
