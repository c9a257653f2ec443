import { readFile } from "node:fs/promises";

/** Whether a living process of this pid names the socket on its command line, as a redis-server started on it does. */
export async function runsAt(pid: number, socket: string): Promise<boolean> {
  return (await commandLine(pid)).includes(socket);
}

async function commandLine(pid: number): Promise<string> {
  if (process.platform === "linux") return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return Bun.spawnSync(["ps", "-ww", "-p", String(pid), "-o", "command="]).stdout.toString();
}

/** Ends a process that leads a group, and whatever it started, for good; one that ended meanwhile is no error. */
export function kill(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (fault) {
    if (!(fault instanceof Error && "code" in fault && fault.code === "ESRCH")) throw fault;
  }
}
