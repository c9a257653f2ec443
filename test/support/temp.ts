import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

/** A private directory that is removed when all tests have run, or the process ends. */
export function tempDir(): string {
  const dir = mkdtempSync(join(parent, "fanfare-test-"));
  made.push(dir);
  return dir;
}

export function removeTempDirs(): void {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
}

process.on("exit", removeTempDirs); // for processes that tests start; `bun test` itself ends without it

/**
 * Where a disk need not be waited for, at every commit: what a killed process wrote survives in memory, too. TMPDIR
 * says otherwise.
 */
const parent = Bun.env.TMPDIR || !isRoomy("/dev/shm") ? tmpdir() : "/dev/shm";

function isRoomy(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize > 2e9;
  } catch {
    return false;
  }
}
