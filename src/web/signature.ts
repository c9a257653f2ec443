import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "../context.ts";

/** What makes a link ours: 32 characters of a keyed hash of its text, which only the server can make. */
export function signatureOf(ctx: Context, text: string, encoding: "base64url" | "hex" = "base64url"): string {
  return createHmac("sha256", ctx.settings.linkSecret).update(text).digest(encoding).slice(0, 32);
}

/** Whether a signature is this one. Takes as long for a wrong one. */
export function isSignature(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}
