import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * Where this installation stands, a checkout or an image: the nearest directory above this code that has its
 * migrations. The code is in `src/`, or in what `bin/build` made of it, deeper down.
 */
export const installationDir = nearest(import.meta.dir);

/** Whether this is what `bin/build` made, and not `src/` itself. */
export const isBuilt = !import.meta.path.endsWith(".ts");

function nearest(dir: string): string {
  const above = dirname(dir);
  if (existsSync(join(dir, "migrations"))) return dir;
  if (above === dir) throw new Error(`there is no migrations/ above ${import.meta.dir}`);
  return nearest(above);
}

/**
 * A path of a setting, absolute: a relative one is counted from the checkout and not from where somebody happens to
 * stand, so that the server and every command mean the same.
 */
export function fromCheckout(path: string): string {
  return resolve(installationDir, path);
}
