import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { cannotWrite, SetupError } from "./errors.ts";

/**
 * Refuses a directory in which Fanfare was never started: what works on an installation makes no new one by accident.
 */
export function expectInstallation(dataDir: string): void {
  if (existsSync(join(dataDir, "secrets.json"))) return;
  throw new SetupError(
    `There is no installation in ${dataDir}: start one there (npm start), or let DATA_DIR name the server's directory.`,
  );
}

/** What Fanfare keeps in its data directory: databases with what stands beside them, secrets, uploads, its Redis. */
const ours = /^((fanfare|queue|sandbox)\.db.*|admin-token|secrets\.json.*|imports|redis)$/;

/**
 * Makes the data directory, where it is missing, and keeps it to its owner: itself and its folders 0700, databases,
 * secrets and uploads 0600, whatever they were, and whatever this process still makes. A directory that takes nothing
 * is a `SetupError`.
 */
export function openDataDir(dataDir: string): void {
  process.umask(0o077);
  try {
    if (mkdirSync(dataDir, { recursive: true }) !== undefined) onDisk(dirname(dataDir), "r");
  } catch (error) {
    throw cannotWrite(dataDir, error) ?? error;
  }
  tighten(dataDir, (name) => ours.test(name));
}

/** A directory and what is in it that counts; what belongs to somebody else stays as it is. */
function tighten(dir: string, counts: (name: string) => boolean): void {
  withoutFail(() => chmodSync(dir, 0o700));
  withoutFail(() => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (!counts(entry.name)) continue;
      if (entry.isDirectory()) tighten(path, () => true);
      else if (entry.isFile()) withoutFail(() => chmodSync(path, 0o600));
    }
  });
}

function withoutFail(work: () => void): void {
  try {
    work();
  } catch {
    // another user's, or just gone
  }
}

/** Opens a file or a directory, and returns when what was done to it has reached the disk. */
export function onDisk(path: string, flags: "r" | "w", work: (file: number) => void = () => {}): void {
  const file = openSync(path, flags, 0o600);
  try {
    work(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
