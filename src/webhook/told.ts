import { type SQL, sql } from "drizzle-orm";
import type { Domain } from "../context.ts";

/** The types of all events that endpoints may be told of, by the manifests of the domains. */
export function toldTypes({ domains }: { readonly domains: readonly Domain[] }): readonly string[] {
  return domains.flatMap(({ events = [] }) => events.map(({ event }) => event.type));
}

/** Whether an endpoint wants events of a type. What happens in great numbers is recorded only then. */
export function isWanted(type: string): SQL {
  return sql`EXISTS (
    SELECT 1 FROM webhook WHERE enabled = 1 AND (types IS NULL OR ${type} IN (SELECT value FROM json_each(types))))`;
}

/** The type of what `testWebhook` sends. */
export const testType = "webhook.test";
