import type { SQL } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Query } from "../db/statement.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";

/** The statement that writes down who did what to an endpoint, where `guard` holds. */
export function noted(ctx: Context, webhook: number, what: string, guard?: SQL): Query {
  return auditDeed(ctx, subjectOf("webhook", webhook), what, guard);
}
