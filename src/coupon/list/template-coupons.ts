import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { couponsById } from "../coupon.ts";
import type { Coupon, CouponState } from "../table.ts";
import { inAvailableIndex } from "../wallet/expiry.ts";

/** How members come by coupons, as their `source` says it. */
export const couponSources = ["CLAIM", "CODE", "ISSUE", "CAMPAIGN"] as const;
export type CouponSource = (typeof couponSources)[number];

/** The source of a coupon, whichever run of a campaign it came from, and whatever the shop gave it for. */
export function sourceOf({ source }: Pick<Coupon, "source">): CouponSource {
  return couponSources.find((name) => name === source) ?? (source.startsWith("run/") ? "CAMPAIGN" : "ISSUE");
}

/** What the shop gave a coupon for, e.g. `order/2026-1`; null where it did not say, or the member came for it. */
export function givenFor({ source }: Pick<Coupon, "source">): string | null {
  return source.includes("/") && !source.startsWith("run/") ? source : null;
}

export interface TemplateCoupons {
  readonly template: number;
  /** As it is now. */
  readonly state: CouponState;
  readonly member?: number | undefined;
  readonly source?: CouponSource | undefined;
  /** The last id of the page before. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** Rows looked at in one go where a filter leaves most of them out, before others get their turn. */
const stretch = 5_000;
/** Coupons whose time or lock is over and that the sweep, which comes every minute, has not seen yet; at most. */
const unsweptMost = 10_000;

interface Place {
  readonly id: number;
  readonly source: string;
  readonly validTo: number | null;
}

/**
 * The coupons of a template that are in a state now: those that can be used with the soonest end first (what is for
 * ever before), all others with the newest first.
 */
export async function couponsOfTemplate(ctx: Context, input: TemplateCoupons): Promise<Coupon[]> {
  const wanted = (place: Place) => input.source === undefined || sourceOf(place) === input.source;
  const found: Place[] = [];
  let last = input.after === undefined ? undefined : await placeOf(ctx, input.template, input.after);
  for (;;) {
    const looked = await read(ctx, input, last, input.source === undefined ? input.limit : stretch);
    found.push(...looked.filter(wanted));
    last = looked.at(-1);
    if (input.source === undefined || !last || found.length >= input.limit || looked.length < stretch) break;
    await new Promise<void>((resolve) => ctx.timers.soon(resolve));
  }
  const ids = found.slice(0, input.limit).map(({ id }) => id);
  return (await couponsById(ctx, ids)).filter((coupon) => coupon !== undefined);
}

/** Of this template: what hangs on others says nothing here. */
function placeOf({ db }: Context, template: number, id: number): Promise<Place | undefined> {
  return db.first<Place>(sql`
    SELECT id, source, valid_to AS validTo FROM coupon WHERE id = ${id} AND template = ${template}`);
}

const columns = sql.raw("id, source, valid_to AS validTo");

function read(ctx: Context, input: TemplateCoupons, last: Place | undefined, limit: number): Promise<Place[]> {
  if (input.state === "AVAILABLE") return readAvailable(ctx, input, last, limit);
  const [now, behind] = [ctx.clock(), last ? sql`id < ${last.id}` : sql`1`];
  const of = holder(input);
  const written = (state: CouponState, more: SQL) => sql`SELECT * FROM (
    SELECT ${columns} FROM coupon WHERE ${of} AND ${inMoved(state)} AND ${behind} AND ${more}
    ORDER BY id DESC LIMIT ${limit})`;
  const parts = {
    LOCKED: [written("LOCKED", sql`locked_until > ${now}`)],
    USED: [written("USED", sql`1`)],
    WITHDRAWN: [written("WITHDRAWN", sql`1`)],
    EXPIRED: [
      written("EXPIRED", sql`1`),
      written("LOCKED", sql`locked_until <= ${now} AND valid_to <= ${now}`),
      sql`SELECT * FROM (SELECT ${columns} FROM coupon WHERE ${of} AND ${inAvailableIndex} AND valid_to <= ${now}
        LIMIT ${unsweptMost}) WHERE ${behind}`,
    ],
  }[input.state];
  return ctx.db.all<Place>(sql`${sql.join(parts, sql` UNION ALL `)} ORDER BY id DESC LIMIT ${limit}`);
}

/** In the order of the index, in which what is for ever (NULL) comes first. */
async function readAvailable(ctx: Context, input: TemplateCoupons, last: Place | undefined, limit: number) {
  const now = ctx.clock();
  const of = holder(input);
  const free = sql`SELECT ${columns} FROM coupon WHERE ${of} AND ${inAvailableIndex}`;
  const freed = sql`SELECT ${columns} FROM coupon WHERE ${of} AND ${inMoved("LOCKED")} AND locked_until <= ${now}`;
  const part = (rest: SQL, order: SQL, wanted: number) =>
    ctx.db.all<Place>(sql`
      SELECT * FROM (SELECT * FROM (${free} AND ${rest} ORDER BY ${order} LIMIT ${wanted})
      UNION ALL SELECT * FROM (${freed} AND ${rest} LIMIT ${unsweptMost})) ORDER BY validTo, id LIMIT ${wanted}`);
  const isTimed = last !== undefined && last.validTo !== null;
  const forEver = sql`valid_to IS NULL AND id > ${last?.id ?? 0}`;
  const first = isTimed ? [] : await part(forEver, sql`id`, limit);
  if (first.length >= limit) return first;
  const behind = isTimed ? sql`(valid_to, id) > (${last?.validTo ?? 0}, ${last?.id ?? 0})` : sql`1`;
  const rest = sql`valid_to > ${now} AND ${behind}`;
  return [...first, ...(await part(rest, sql`valid_to, id`, limit - first.length))];
}

/** One member's coupons of a template are few, and lie together in the index `coupon_number`. */
function holder({ template, member }: TemplateCoupons): SQL {
  return member === undefined ? sql`template = ${template}` : sql`member = ${member} AND +template = ${template}`;
}

/** The words that the index `coupon_moved` wants to hear. */
function inMoved(state: CouponState): SQL {
  return sql.raw(`state = '${state}' AND state <> 'AVAILABLE'`);
}
