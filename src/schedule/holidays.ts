import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import type { Issue } from "../errors.ts";
import { inReach, isOwn } from "../shop.ts";
import type { Timing } from "./recurrence/recurrence.ts";

/** Days on which a shop sends nothing, under a name. */
export interface HolidayList {
  readonly id: number;
  readonly shop: string;
  readonly name: string;
  /** `2027-12-25`, ascending. */
  readonly dates: readonly string[];
  readonly updatedAt: number;
}

interface Row extends Omit<HolidayList, "dates"> {
  readonly dates: string;
}

const columns = sql.raw("id, shop, name, dates, updated_at AS updatedAt");

const listOf = (row: Row): HolidayList => ({ ...row, dates: JSON.parse(row.dates) });

/** The lists of these ids in the order asked, where the actor may know of them. */
export async function holidayListsById(ctx: Context, ids: readonly number[]): Promise<(HolidayList | undefined)[]> {
  const found = await ctx.db.all<Row>(sql`
    SELECT ${columns} FROM holiday_list
    WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)})) AND ${inReach(ctx, sql`shop`)}`);
  return inOrder(ids, found.map(listOf));
}

/** All lists that the actor may know of, the oldest first. */
export async function listHolidays(
  ctx: Context,
  page: { readonly after?: number | undefined; readonly limit: number },
) {
  const found = await ctx.db.all<Row>(sql`
    SELECT ${columns} FROM holiday_list WHERE id > ${page.after ?? 0} AND ${inReach(ctx, sql`shop`)}
    ORDER BY id LIMIT ${page.limit}`);
  return found.map(listOf);
}

/** Lists that a timing of a shop names, and that are not there for it. */
export async function holidayIssues({ db }: Context, { exclude }: Timing, shop: string): Promise<Issue[]> {
  if (exclude.holidays.length === 0) return [];
  const found = await db.all<{ id: number }>(sql`
    SELECT id FROM holiday_list
    WHERE id IN (SELECT value FROM json_each(${JSON.stringify(exclude.holidays)})) AND ${isOwn(shop, sql`shop`)}`);
  const known = new Set(found.map(({ id }) => id));
  return exclude.holidays
    .filter((id) => !known.has(id))
    .map((id) => ({ path: "exclude.holidayListIds", message: `there is no list of holidays ${id}` }));
}

/** All days of the lists that a timing names. */
export async function holidaysOf(ctx: Context, timing: Timing): Promise<ReadonlySet<string>> {
  return (await holidaysOfEach(ctx, [timing]))(timing);
}

/** The same of several, whose lists are read together. */
export async function holidaysOfEach({ db }: Context, timings: readonly Timing[]) {
  const lists = [...new Set(timings.flatMap(({ exclude }) => exclude.holidays))];
  const found =
    lists.length === 0
      ? []
      : await db.all<{ id: number; dates: string }>(sql`
          SELECT id, dates FROM holiday_list WHERE id IN (SELECT value FROM json_each(${JSON.stringify(lists)}))`);
  const days = new Map(found.map(({ id, dates }) => [id, JSON.parse(dates) as readonly string[]]));
  return ({ exclude }: Timing): ReadonlySet<string> => new Set(exclude.holidays.flatMap((id) => days.get(id) ?? []));
}
