import type { Domain } from "../context.ts";

/** The types of all events that endpoints may be told of, by the manifests of the domains. */
export function toldTypes({ domains }: { readonly domains: readonly Domain[] }): readonly string[] {
  return domains.flatMap(({ events = [] }) => events.map(({ event }) => event.type));
}

/** The type of what `testWebhook` sends. */
export const testType = "webhook.test";
