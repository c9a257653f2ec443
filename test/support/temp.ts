import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

/** A private directory that is removed when the test process ends. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-test-"));
  made.push(dir);
  return dir;
}

process.on("exit", () => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});
