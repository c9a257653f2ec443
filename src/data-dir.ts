import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { SetupError } from "./errors.ts";

/** Where this code stands: a checkout, or an image. */
const checkout = resolve(import.meta.dir, "..");

/**
 * A path of a setting, absolute: a relative one is counted from the checkout and not from where somebody happens to
 * stand, so that the server and every command mean the same.
 */
export function fromCheckout(path: string): string {
  return resolve(checkout, path);
}

/**
 * Refuses a directory in which Fanfare was never started: what works on an installation makes no new one by accident.
 */
export function expectInstallation(dataDir: string): void {
  if (existsSync(join(dataDir, "secrets.json"))) return;
  throw new SetupError(
    `There is no installation in ${dataDir}: start one there (npm start), or let DATA_DIR name the server's directory.`,
  );
}
