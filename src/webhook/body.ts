import { z } from "zod";
import type { Domain } from "../context.ts";
import { globalId } from "../ids.ts";

const Body = z.looseObject({ data: z.record(z.string(), z.unknown()) });

/**
 * What an endpoint is posted: the event as it was recorded, its rows named by global ids under `<noun>Id` instead of by
 * their numbers.
 */
export function bodyToPost(
  { domains }: { readonly domains: readonly Domain[] },
  { type, body }: { readonly type: string; readonly body: string },
): string {
  const told = domains.flatMap(({ events = [] }) => events).find(({ event }) => event.type === type);
  if (!told) return body;
  const { data, ...rest } = Body.parse(JSON.parse(body));
  const entries = Object.entries(data).map(([name, value]) => {
    const of = told.event.ids[name];
    return of === undefined ? [name, value] : [`${name}Id`, typeof value === "number" ? globalId(of, value) : value];
  });
  return JSON.stringify({ ...rest, data: Object.fromEntries(entries) });
}
