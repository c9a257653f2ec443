import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "../../support/temp.ts";
import type { Bug, Change } from "./bugs.ts";

/** The checkout. */
export const root = join(import.meta.dir, "../../..");

/** What a copy of the product is made of. */
const parts = ["src", "migrations", "test", "package.json", "tsconfig.json", "bunfig.toml"];

/** The text of a file with a bug in it. Throws where the product has changed, so that the bug is no longer one. */
export function withBug({ file, from, to }: Change): string {
  const path = join(root, file);
  if (from === undefined) {
    if (existsSync(path)) throw new Error(`${file} is there already`);
    return to;
  }
  const text = readFileSync(path, "utf8");
  const places = text.split(from).length - 1;
  if (places !== 1) throw new Error(`${file} has ${places} places like this, not one: ${from}`);
  return text.replace(from, () => to);
}

/** Makes a copy of the product with a bug in it, and answers where it is. */
export function plant({ changes }: Bug): string {
  const dir = tempDir();
  for (const part of parts) cpSync(join(root, part), join(dir, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  for (const change of changes) {
    const path = join(dir, change.file);
    const text = existsSync(path) && change.from !== undefined ? readFileSync(path, "utf8") : "";
    // Several changes of one file: each in what the ones before have made of it.
    writeFileSync(path, change.from === undefined ? withBug(change) : text.replace(change.from, () => change.to));
  }
  return dir;
}
