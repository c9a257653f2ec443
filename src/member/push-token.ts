import { type SQL, sql } from "drizzle-orm";
import { rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";

/** The statements that forget push tokens which their provider no longer knows, where `guard` holds. */
export function forgetPushTokens(tokens: readonly string[], guard: SQL): Query[] {
  if (tokens.length === 0) return [];
  return [sql`DELETE FROM push_token WHERE token IN (SELECT value FROM ${rows(tokens)}) AND ${guard}`];
}
