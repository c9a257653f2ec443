import { createHmac, randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
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
      `${path}: damaged; restore it, or delete it to make new secrets (links already sent stop working)`,
    );
  }
}

/**
 * Written whole under another name first: of two processes that start at once the first one's secrets count for both.
 */
function makeSecrets(dataDir: string, path: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
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
  writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(draft);
  }
}

function derived(from: string, purpose: string): string {
  return createHmac("sha256", from).update(purpose).digest("base64url");
}
