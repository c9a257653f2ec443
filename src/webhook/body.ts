import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../context.ts";
import { rows } from "../db/bulk.ts";
import { globalId } from "../ids.ts";
import type { Outside } from "../queue/event/event.ts";

/** What is posted, as it waits: the event as it was recorded. */
export interface Recorded {
  readonly type: string;
  /** JSON. */
  readonly body: string;
}

const Body = z.looseObject({ data: z.record(z.string(), z.unknown()) });
type Data = z.infer<typeof Body>["data"];

/**
 * What endpoints are posted, in the order of what is asked: the event's data as the API speaks of them. Rows are named
 * by global ids, times are RFC 3339, money has its currency, and a member has the shop's own id – looked up now, so
 * that it is nowhere once she is erased.
 */
export async function bodiesToPost(ctx: Context, recorded: readonly Recorded[]): Promise<string[]> {
  const events = ctx.domains.flatMap((domain) => domain.events ?? []).map(({ event }) => event);
  const read = recorded.map(({ type, body }) => {
    const told = events.find((event) => event.type === type);
    return told && { outside: told.outside, ...Body.parse(JSON.parse(body)) };
  });
  const names = read.flatMap((one) => (one?.outside.member ? [String(one.data[one.outside.member])] : []));
  const members = await membersOf(ctx, names);
  return recorded.map(({ body }, n) => {
    const one = read[n];
    if (!one) return body;
    const { outside, data, ...rest } = one;
    return JSON.stringify({ ...rest, data: toldOutside(data, outside, members) });
  });
}

interface MemberIds {
  readonly memberId: string;
  readonly externalId: string | null;
}

/** Members by their public ids. */
async function membersOf(ctx: Context, names: readonly string[]): Promise<ReadonlyMap<string, MemberIds>> {
  if (names.length === 0) return new Map();
  const found = await ctx.db.all<{ id: string; seq: number; externalId: string | null }>(sql`
    SELECT id, seq, CASE WHEN deleted_at IS NULL THEN external_id END AS externalId FROM member
    WHERE id IN (SELECT value FROM ${rows(names)})`);
  return new Map(found.map(({ id, seq, externalId }) => [id, { memberId: globalId("Member", seq), externalId }]));
}

function toldOutside(data: Data, outside: Outside, members: ReadonlyMap<string, MemberIds>): Data {
  const { ids = {}, times = [], money = [], member } = outside;
  const currency = data.currency;
  const told = Object.entries(data).flatMap(([name, value]): [string, unknown][] => {
    const type = ids[name];
    if (type !== undefined) return [[`${name}Id`, typeof value === "number" ? globalId(type, value) : value]];
    if (name === member) return Object.entries(members.get(String(value)) ?? { memberId: null, externalId: null });
    if (times.includes(name)) return [[name, typeof value === "number" ? new Date(value).toISOString() : value]];
    if (money.includes(name)) return [[name, typeof value === "number" ? { amount: value, currency } : value]];
    return name === "currency" && money.length > 0 ? [] : [[name, value]];
  });
  return Object.fromEntries(told);
}
