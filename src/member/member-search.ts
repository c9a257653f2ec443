import { type SQL, sql } from "drizzle-orm";
import { type Audience, compileAudience, everyone, liveMember } from "../audience/audience.ts";
import type { AudienceEnv } from "../audience/term.ts";
import type { Context } from "../context.ts";
import type { HeavyRefusal } from "../db/heavy/heavy-reads.ts";
import { isRefusal } from "../errors.ts";
import { shopOf } from "../shop.ts";
import { type Member, type MemberRow, memberColumns, memberJson, memberOf } from "./table.ts";

/** Part of a list of members. */
export interface MemberPageRequest {
  /** `seq` of the last member of the page before. */
  readonly after?: number | undefined;
  readonly limit: number;
  readonly audience?: Audience | undefined;
}

/**
 * A page of members, in the order of their arrival, that are in the audience. An index leads to them where one serves
 * the filter and they are few; of many, a walk along the keys finds a page sooner than all of them are put in order.
 */
export async function memberPage(ctx: Context, page: MemberPageRequest): Promise<Member[] | HeavyRefusal> {
  const { audience = everyone } = page;
  if (audience === everyone) return (await ctx.db.all<MemberRow>(walk(ctx, page, everyone))).map(memberOf);
  if (audience.condition.indexed) {
    const found = await ctx.heavy.first<{ n: number; page: string }>(byIndex(ctx, page, audience));
    if (isRefusal(found)) return found;
    if (found && found.n <= maxSorted) return rowsOf(found.page).map(memberOf);
  }
  const rows = await ctx.heavy.all<MemberRow>(walk(ctx, page, audience));
  return isRefusal(rows) ? rows : rows.map(memberOf);
}

/** Matches that are looked up by index and put in order at most. */
const maxSorted = 2_000;

function byIndex(ctx: Context, { after = 0, limit }: MemberPageRequest, audience: Audience): SQL {
  return sql`
    WITH found AS MATERIALIZED (${indexedMatches(ctx, audience, { limit: maxSorted + 1, shop: shopOf(ctx) })})
    SELECT (SELECT count(*) FROM found) AS n, (
      SELECT json_group_array(member) FROM (
        SELECT ${memberJson} AS member FROM found CROSS JOIN member m ON m.seq = found.seq
        WHERE found.seq > ${after} ORDER BY found.seq LIMIT ${limit})) AS page`;
}

/** So many of the members that a filter of a shop matches, as an index finds them, in no order. */
function indexedMatches(ctx: Context, audience: Audience, { limit, shop }: { limit: number; shop: string }): SQL {
  const isIn = predicateOf(ctx, audience, { shop, from: "index" });
  return sql`SELECT m.seq FROM member m WHERE ${liveMember} AND ${isIn} LIMIT ${limit}`;
}

function walk(ctx: Context, { after = 0, limit }: MemberPageRequest, audience: Audience): SQL {
  return sql`
    SELECT ${memberColumns} FROM member m NOT INDEXED
    WHERE m.seq > ${after} AND ${liveMember} AND ${predicateOf(ctx, audience, { shop: shopOf(ctx), from: "range" })}
    ORDER BY m.seq LIMIT ${limit}`;
}

function rowsOf(json: string): MemberRow[] {
  const rows: string[] = JSON.parse(json);
  return rows.map((row) => JSON.parse(row));
}

/** For whom members are counted, and how far. */
export interface Counting {
  /** Of what belongs to a shop; of whoever asks unless said. */
  readonly shop?: string | undefined;
  /** No further than that; all of them unless said. */
  readonly upTo?: number | undefined;
}

/** How many live members there are in the audience. */
export async function countMembers(
  ctx: Context,
  audience: Audience = everyone,
  { shop = shopOf(ctx), upTo = Number.MAX_SAFE_INTEGER }: Counting = {},
): Promise<number | HeavyRefusal> {
  const counted = await ctx.heavy.first<{ n: number }>(
    sql`SELECT count(*) AS n FROM (${indexedMatches(ctx, audience, { limit: upTo, shop })})`,
  );
  return isRefusal(counted) ? counted : (counted?.n ?? 0);
}

function predicateOf(ctx: Context, audience: Audience, env: Pick<AudienceEnv, "shop" | "from">): SQL {
  return compileAudience(audience, { ...env, asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone });
}
