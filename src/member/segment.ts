import { and, eq, inArray, sql } from "drizzle-orm";
import { type Context, withTransaction } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { inListOrder, isBehind, isFound, type Listed } from "../db/listing.ts";
import { isRefusal, refuse } from "../errors.ts";
import { inReach, isOfShop, newShop } from "../shop.ts";
import { auditChanges, auditDeed, changesBetween, subjectOf } from "../transition/audit.ts";
import { revise } from "../transition/revision.ts";
import { lineOf, plainText } from "../value/plain-text.ts";
import { segment } from "./table.ts";

/** A saved filter. `filter` is JSON in the audience language; `ctx.audience` takes it. */
export type Segment = typeof segment.$inferSelect;

const segmentName = plainText(200);

export interface SegmentInput {
  readonly name: string;
  readonly filter: unknown;
  /** That it is made for; its maker's unless said. */
  readonly shop?: string | undefined;
}

/**
 * Saves a filter under a name of its own, of those of its shop. Refuses a faulty filter, with the places of its faults,
 * and a taken name.
 */
export async function createSegment(ctx: Context, input: SegmentInput) {
  const shop = newShop(ctx, input.shop);
  if (isRefusal(shop)) return shop;
  const checked = check(ctx, input);
  if (isRefusal(checked)) return checked;
  const now = ctx.clock();
  const made = { shop, name: lineOf(input.name), filter: input.filter, createdAt: now, updatedAt: now };
  return withTransaction(ctx, async (tx) => {
    const [row] = await tx.db.orm.insert(segment).values(made).onConflictDoNothing().returning();
    if (!row) return taken(made.name);
    const subject = subjectOf("segment", row.id);
    await tx.db.write([auditDeed(tx, subject, "created"), revise(tx, subject, ["created"])]);
    return row;
  });
}

/**
 * Changes a segment's name or filter, or both. Campaigns that were submitted for review or launched keep the filter
 * that they had.
 */
export async function updateSegment(
  ctx: Context,
  input: { readonly id: number; readonly name?: string | undefined; readonly filter?: unknown },
) {
  const checked = check(ctx, input);
  if (isRefusal(checked)) return checked;
  const name = input.name === undefined ? undefined : lineOf(input.name);
  const filter = input.filter === undefined ? null : JSON.stringify(input.filter);
  const fields = [...(name === undefined ? [] : ["name"]), ...(filter === null ? [] : ["filter"])];
  return withTransaction(ctx, async (tx) => {
    const before = await getSegment(tx, input.id);
    const subject = subjectOf("segment", input.id);
    await tx.db.write([
      sql`UPDATE OR IGNORE segment SET name = coalesce(${name ?? null}, name), filter = coalesce(${filter}, filter),
          updated_at = ${tx.clock()} WHERE id = ${input.id} AND ${inReach(tx, ofRow)}`,
      revise(tx, subject, fields, sql`changes() > 0 AND ${fields.length > 0}`),
    ]);
    const row = await getSegment(tx, input.id);
    if (!before || !row) return refuse.notFound("segment", input.id);
    if (name !== undefined && row.name !== name) return taken(name);
    await tx.db.write(auditChanges(tx, subject, changesBetween(told(before), told(row), ["filter"])));
    return row;
  });
}

/** What is written down of its changes; filters may hold addresses, and are not quoted. */
const told = ({ name, filter }: Segment) => ({ name, filter });

/** Deletes a segment; its number stays taken, and its history kept. */
export function deleteSegment(ctx: Context, id: number) {
  return withTransaction(ctx, async (tx) => {
    // First, for its shop is its row's.
    await tx.db.write([auditDeed(tx, subjectOf("segment", id), "deleted")]);
    const [row] = await tx.db.orm
      .delete(segment)
      .where(and(eq(segment.id, id), inReach(tx, ofRow)))
      .returning();
    return row ?? refuse.notFound("segment", id);
  });
}

export async function getSegment(ctx: Context, id: number): Promise<Segment | undefined> {
  return (await segmentsById(ctx, [id]))[0];
}

/** The shop of a row. */
const ofRow = sql`segment.shop`;

/** The segments of these ids in the order asked, with `undefined` for those that the actor knows nothing of. */
export async function segmentsById(ctx: Context, ids: readonly number[]): Promise<(Segment | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(segment)
    .where(and(inArray(segment.id, [...ids]), inReach(ctx, ofRow)));
  return inOrder(ids, found);
}

/** Which segments are listed. */
interface SegmentFilter extends Listed {
  /** Only those of this shop; empty: the company's own. */
  readonly shop?: string | undefined;
}

/** A page of segments; `after` is the last id of the page before. */
export function listSegments(
  ctx: Context,
  page: SegmentFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<Segment[]> {
  const reachable = sql`(SELECT id, name FROM segment WHERE ${inReach(ctx, ofRow)})`;
  return ctx.db.orm
    .select()
    .from(segment)
    .where(and(whichOf(ctx, page), isBehind(reachable, page, page.after)))
    .orderBy(inListOrder(page))
    .limit(page.limit);
}

export function countSegments(ctx: Context, filter: SegmentFilter): Promise<number> {
  return ctx.db.orm.$count(segment, whichOf(ctx, filter));
}

function whichOf(ctx: Context, filter: SegmentFilter) {
  const { shop } = filter;
  return and(inReach(ctx, ofRow), isOfShop(shop, ofRow), isFound(filter));
}

function check(ctx: Context, input: { name?: string | undefined; filter?: unknown }) {
  if (input.name !== undefined && !segmentName.safeParse(input.name).success)
    return refuse.invalid([{ path: "name", message: "must have 1 to 200 characters" }]);
  if (input.filter === undefined) return undefined;
  const audience = ctx.audience.parse(input.filter, ["filter"]);
  return isRefusal(audience) ? audience : undefined;
}

function taken(name: string) {
  return refuse.conflict(`There is another segment named ${JSON.stringify(name)}; choose another name.`);
}
