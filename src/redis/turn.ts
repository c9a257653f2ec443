import { Database } from "bun:sqlite";
import type { Timers } from "../world.ts";

/** How long a turn is waited for, ms: longer than any takes whose process runs. */
const patienceMs = 15_000;

/**
 * Does something that only one of all processes may do at a time: the lock on `file` goes with its holder, however that
 * ends. Where no lock can be had – the disk takes no file, the holder stands still – it is done all the same.
 */
export async function inTurn<Done>(file: string, timers: Timers, work: () => Promise<Done>): Promise<Done> {
  const lock = opened(file);
  const deadline = timers.now() + patienceMs;
  try {
    while (lock && isHeld(lock) && timers.now() < deadline) await timers.sleep(10);
    return await work();
  } finally {
    lock?.close();
  }
}

function opened(file: string): Database | undefined {
  try {
    return new Database(file, { create: true });
  } catch {
    return undefined;
  }
}

/** Whether others hold the lock; it is ours else, as far as there is one to be had. */
function isHeld(lock: Database): boolean {
  try {
    lock.run("BEGIN EXCLUSIVE");
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && /^SQLITE_(BUSY|LOCKED)/.test(String(error.code));
  }
}
