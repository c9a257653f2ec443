import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

/** A private directory that is removed when all tests have run, or the process ends. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-test-"));
  made.push(dir);
  return dir;
}

export function removeTempDirs(): void {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
}

process.on("exit", removeTempDirs); // for processes that tests start; `bun test` itself ends without it
