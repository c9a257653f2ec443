import { readFileSync } from "node:fs";
import { join } from "node:path";

export const checkout = join(import.meta.dir, "../..");

/** Runs a script as `bin/fanfare` runs the server. */
export const runner = join(checkout, "bin/run");

/** What a process uses; NaN where the system does not tell. */
export interface Usage {
  /** Processor time so far, in µs. */
  cpuMicros(): number;
  /** Memory that it holds, in MiB. */
  rssMiB(): number;
}

/** A process of a bench that serves. */
export interface Child extends Usage {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a script of this folder, which prints its address once it listens. */
export async function spawnChild(script: string, ...args: readonly string[]): Promise<Child> {
  const child = Bun.spawn([runner, join(import.meta.dir, script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { value } = await child.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  if (url === "") throw new Error(`${script} did not start`);
  return {
    url,
    ...usageOf(child.pid),
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

export function usageOf(pid: number): Usage {
  return {
    cpuMicros: () => cpuMicrosOf(pid),
    rssMiB: () => Number(/^VmRSS:\s+(\d+)/m.exec(told(pid, "status"))?.[1] ?? Number.NaN) / 1024,
  };
}

/** Linux counts in hundredths of a second. */
const tickMicros = 10_000;

function cpuMicrosOf(pid: number): number {
  // The second field, the name in parentheses, may hold anything.
  const [, ...fields] = told(pid, "stat").split(") ").at(-1)?.split(" ") ?? [];
  const [user, system] = [fields[10], fields[11]];
  return (Number(user) + Number(system)) * tickMicros;
}

function told(pid: number, what: "stat" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "utf8");
  } catch {
    return "";
  }
}
