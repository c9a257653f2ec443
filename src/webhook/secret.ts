import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Context } from "../context.ts";

/**
 * How long a secret that was rotated out signs as well, in milliseconds: so long receivers have to take the new one.
 */
export const oldSecretMs = 24 * 3_600_000;

/** 256 random bits in the form of Standard Webhooks. */
export function newSecret(): string {
  return `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")}`;
}

/** What a row keeps to sign with: sealed by {@link seal}, or as it is, where an earlier Fanfare wrote it. */
export interface KeptSecrets {
  readonly secret: string;
  readonly oldSecret: string | null;
  readonly oldUntil: number | null;
}

/**
 * What signs at a moment: the secret, and before its time is over the one that it replaced. Nothing where the secret
 * was sealed by another installation, or before LINK_SECRET was changed.
 */
export function secretsAt(ctx: Context, { secret, oldSecret, oldUntil }: KeptSecrets, now: number): string[] {
  const isOldGood = oldSecret !== null && oldUntil !== null && now < oldUntil;
  const signing = [opened(ctx, secret), isOldGood ? opened(ctx, oldSecret) : undefined];
  return signing[0] === undefined ? [] : signing.filter((one) => one !== undefined);
}

const algorithm = "aes-256-gcm";
/** Before each sealed secret; a later form gets another. */
const mark = "sealed1.";
const sizes = { nonce: 12, tag: 16 };

/** A secret as the database keeps it: AES-256-GCM under a key of this installation's, which the database has not. */
export function seal(ctx: Context, secret: string): string {
  const nonce = crypto.getRandomValues(new Uint8Array(sizes.nonce));
  const cipher = createCipheriv(algorithm, keyOf(ctx), nonce);
  const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
  return `${mark}${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64url")}`;
}

/** Whether an earlier Fanfare wrote it as it is. */
function isOpen(kept: string): boolean {
  return kept !== "" && !kept.startsWith(mark);
}

function opened(ctx: Context, kept: string): string | undefined {
  if (isOpen(kept)) return kept;
  const bytes = Buffer.from(kept.slice(mark.length), "base64url");
  const text = sizes.nonce + sizes.tag;
  try {
    const decipher = createDecipheriv(algorithm, keyOf(ctx), bytes.subarray(0, sizes.nonce));
    decipher.setAuthTag(bytes.subarray(sizes.nonce, text));
    return Buffer.concat([decipher.update(bytes.subarray(text)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

function keyOf({ settings }: Context): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", settings.linkSecret, "", "fanfare: secrets of webhooks", 32));
}
