import { createHmac } from "node:crypto";
import type { Context } from "../../context.ts";
import { codeKey } from "./code.ts";

/**
 * What stands for a code in logs: the same however it is typed, and nothing that leads back to it without the
 * installation's secret.
 */
export function codeHash({ settings }: Pick<Context, "settings">, typed: string): string {
  return createHmac("sha256", settings.codeSecret).update(codeKey(typed)).digest("base64url").slice(0, 16);
}
