import { sql } from "drizzle-orm";
import { z } from "zod";
import { type Context, withTransaction } from "../context.ts";
import { isRefusal } from "../errors.ts";
import { parseInput } from "../input.ts";
import { newShop } from "../shop.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { calendarDate } from "../value/date.ts";
import { plainText } from "../value/plain-text.ts";
import { holidayListsById } from "./holidays.ts";
import { planNew, planUntilNow } from "./plan-ahead.ts";
import { forgetPlanned } from "./start.ts";

const Said = z.strictObject({ name: plainText(100), dates: z.array(calendarDate()).max(2_000) });

/** Which list, and its days. */
interface HolidayInput extends z.input<typeof Said> {
  /** Its maker's shop unless given. */
  readonly shop?: string | undefined;
}

/**
 * Says on which days nothing comes of the schedules that name this list: the whole of it is replaced, or made where
 * there is none of this name. What they have planned is planned anew. INVALID_INPUT for days that there are none of.
 */
export async function setHolidays(ctx: Context, { shop: asked, ...said }: HolidayInput) {
  const shop = newShop(ctx, asked);
  if (isRefusal(shop)) return shop;
  const checked = parseInput(Said, said);
  if (isRefusal(checked)) return checked;
  const { name } = checked;
  const dates = [...new Set(checked.dates)].sort();
  return withTransaction(ctx, async (tx) => {
    const now = tx.clock();
    const row = await tx.db.first<{ id: number }>(sql`
      INSERT INTO holiday_list (shop, name, dates, updated_at)
      VALUES (${shop}, ${name}, ${JSON.stringify(dates)}, ${now})
      ON CONFLICT (shop, name) DO UPDATE SET dates = excluded.dates, updated_at = excluded.updated_at RETURNING id`);
    const [list] = row ? await holidayListsById(tx, [row.id]) : [];
    if (!list) throw new Error("the list of holidays was not written");
    await tx.db.write([auditDeed(tx, subjectOf("holidays", list.id), `says ${dates.length} days`)]);
    await planAgain(tx, list.id);
    return list;
  });
}

/** Of those that name it: what has come already stays as it was planned. */
async function planAgain(tx: Context, list: number): Promise<void> {
  const now = tx.clock();
  const affected = await tx.db.all<{ id: number }>(sql`
    SELECT id FROM schedule WHERE state <> 'ENDED' AND EXISTS (
      SELECT 1 FROM json_each(schedule.timing, '$.exclude.holidays') h WHERE h.value = ${list})`);
  const ids = affected.map(({ id }) => id);
  const those = sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  await planUntilNow(tx, ids);
  await tx.db.write([
    forgetPlanned(sql`schedule IN ${those}`, now),
    sql`UPDATE schedule SET planned_to = ${now - 1} WHERE id IN ${those}`,
  ]);
  await planNew(tx, ids);
}
