import { type SQL, sql } from "drizzle-orm";
import type { ChannelName } from "../channels/catalog.ts";
import { rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";

/**
 * The statements that forget a channel's push tokens which its provider no longer knows, where `guard` holds. A token
 * that has meanwhile become another channel's stays.
 */
export function forgetPushTokens(channel: ChannelName, tokens: readonly string[], guard: SQL): Query[] {
  if (tokens.length === 0) return [];
  return [
    sql`DELETE FROM push_token
        WHERE token IN (SELECT value FROM ${rows(tokens)}) AND channel = ${channel} AND ${guard}`,
  ];
}
