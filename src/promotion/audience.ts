import { type SQL, sql } from "drizzle-orm";
import { compileAudience, liveMember } from "../audience/audience.ts";
import type { Context } from "../context.ts";
import { rows } from "../db/bulk.ts";
import { isRefusal } from "../errors.ts";
import { perApp } from "../memory.ts";
import { mayName } from "../shop.ts";
import type { Promotion } from "./table.ts";

/**
 * Whether each of these promotions is for a member now, as expressions by promotion; of those for everyone there are
 * none. Segments are read live. What is for a segment that is gone, or asks what can be asked no more, is for nobody;
 * and another shop's segment is none.
 */
export async function membershipOf(
  ctx: Context,
  promotions: readonly Pick<Promotion, "id" | "shop" | "audience">[],
  member: number,
): Promise<ReadonlyMap<number, SQL>> {
  const some = promotions.filter(({ audience }) => !("everyone" in audience));
  const segments = await segmentsNamed(ctx, some);
  const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone };
  return new Map(
    some.map(({ id, shop, audience }) => {
      const segment = "segment" in audience ? segments.get(audience.segment) : undefined;
      const own = segment && mayName(shop, segment.shop) ? segment.filter : undefined;
      const filter = "filter" in audience ? audience.filter : own;
      const read = parsed(ctx, filter);
      if (isRefusal(read)) return [id, sql`0`];
      const isIn = sql`m.seq = ${member} AND ${liveMember} AND ${compileAudience(read, { ...env, shop })}`;
      return [id, sql`EXISTS (SELECT 1 FROM member m WHERE ${isIn})`];
    }),
  );
}

type Parsed = ReturnType<Context["audience"]["parse"]>;

/** Once for each filter that was read: a promotion that is as before comes with the filter that it had. */
function parsed(ctx: Context, filter: unknown): Parsed {
  if (typeof filter !== "object" || filter === null) return ctx.audience.parse(filter);
  const all = perApp(ctx, "promotion.parsedAudiences", () => new WeakMap<object, Parsed>());
  const read = all.get(filter) ?? ctx.audience.parse(filter);
  all.set(filter, read);
  return read;
}

interface NamedSegment {
  readonly shop: string;
  readonly filter: unknown;
}

async function segmentsNamed(ctx: Context, promotions: readonly Pick<Promotion, "audience">[]) {
  const ids = promotions.flatMap(({ audience }) => ("segment" in audience ? [audience.segment] : []));
  if (ids.length === 0) return new Map<number, NamedSegment>();
  const found = await ctx.db.all<{ id: number; shop: string; filter: string }>(
    sql`SELECT id, shop, filter FROM segment WHERE id IN (SELECT value FROM ${rows([...new Set(ids)])})`,
  );
  return new Map(found.map(({ id, shop, filter }) => [id, { shop, filter: JSON.parse(filter) as unknown }]));
}
