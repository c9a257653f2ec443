import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "../context.ts";

/** What makes a link ours: 192 bits over its text, by a key that only the server knows. */
export function signatureOf(ctx: Context, text: string): string {
  return createHmac("sha256", ctx.settings.linkSecret).update(text).digest("base64url").slice(0, 32);
}

/** Whether a signature is that of the text. Takes as long for a wrong one. */
export function isSignedBy(ctx: Context, text: string, signature: string): boolean {
  const [expected, given] = [Buffer.from(signatureOf(ctx, text)), Buffer.from(signature)];
  return expected.length === given.length && timingSafeEqual(expected, given);
}
