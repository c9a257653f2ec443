import { createHmac, randomBytes } from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { onDisk, openDataDir } from "./data-dir.ts";
import { cannotWrite, SetupError } from "./errors.ts";

export const secret = z.string().min(32, "at least 32 characters");

const Secrets = z
  .object({
    linkSecret: secret,
    memberJwtSecret: secret,
    /** Keys the hashes by which logs tell coupon codes apart; older files have none. */
    codeSecret: secret.optional(),
    brokerToken: secret,
    currentSigningKey: secret,
    nextSigningKey: secret,
  })
  .transform(({ codeSecret, ...kept }) => ({ ...kept, codeSecret: codeSecret ?? derived(kept.linkSecret, "code") }));
/** Secrets that a local installation makes for itself, once. */
export type Secrets = z.infer<typeof Secrets>;

/**
 * The secrets in the data directory, made on the first start and readable by their owner only. A damaged file, or a
 * directory that takes none, is a {@link SetupError}.
 */
export function keptSecrets(dataDir: string): Secrets {
  openDataDir(dataDir);
  const path = join(dataDir, "secrets.json");
  try {
    if (!existsSync(path)) makeSecrets(dataDir, path);
  } catch (error) {
    throw cannotWrite(dataDir, error) ?? error;
  }
  try {
    return Secrets.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    throw new SetupError(
      `${path}: damaged (${howDamaged(path)}); restore it from a backup. Without one, delete it and start anew: new ` +
        "secrets are made, links already sent stop working, and webhooks need their secrets rotated.",
    );
  }
}

function howDamaged(path: string): string {
  const bytes = readFileSync(path);
  if (bytes.every((byte) => byte === 0)) return `${bytes.length} zero bytes, as a power cut may leave`;
  return `${bytes.length} bytes that are not its JSON`;
}

/**
 * Written whole under another name first: of two processes that start at once the first one's secrets count for both.
 * On disk, file and name, before anything is made with them.
 */
function makeSecrets(dataDir: string, path: string): void {
  const make = () => randomBytes(32).toString("base64url");
  const made: Secrets = {
    linkSecret: make(),
    memberJwtSecret: make(),
    codeSecret: make(),
    brokerToken: make(),
    currentSigningKey: `sig_${make()}`,
    nextSigningKey: `sig_${make()}`,
  };
  const draft = `${path}.${process.pid}`;
  try {
    onDisk(draft, "w", (file) => writeSync(file, `${JSON.stringify(made, null, 2)}\n`));
    linkSync(draft, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  onDisk(dataDir, "r");
}

function derived(from: string, purpose: string): string {
  return createHmac("sha256", from).update(purpose).digest("base64url");
}
