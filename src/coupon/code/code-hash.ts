import { createHmac } from "node:crypto";
import type { Context } from "../../context.ts";
import { codeKey } from "../../value/coupon-code.ts";
import { couponSettings } from "../settings.ts";

/**
 * What stands for a code in logs: the same however it is typed, and nothing that leads back to it without the
 * installation's secret.
 */
export function codeHash(ctx: Pick<Context, "settings">, typed: string): string {
  const { codeSecret } = couponSettings.of(ctx);
  return createHmac("sha256", codeSecret).update(codeKey(typed)).digest("base64url").slice(0, 16);
}
