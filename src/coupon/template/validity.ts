import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import type { CouponTemplate } from "../table.ts";
import { endOfDay, maxDays } from "./day-end.ts";

const hourMs = 3_600_000;
const moment = z.int().nullable().default(null);

/** Until the end of so many days behind the one on which it is given, by the shop's clock; 0 = of that day. */
export const ValidDays = z.int().min(0).max(maxDays);
/** So many hours from the moment on which it is given. */
export const ValidHours = z
  .int()
  .min(1)
  .max(maxDays * 24);

/** How long coupons are good for, said by name. Times are ms, null = open on that side. */
export type Validity =
  | { readonly window: { readonly from: number | null; readonly to: number | null } }
  | { readonly days: number }
  | { readonly hours: number };

/** The same as it is said: exactly one of them. */
export const Validity = z
  .strictObject({
    window: z.strictObject({ from: moment, to: moment }).optional(),
    days: ValidDays.optional(),
    hours: ValidHours.optional(),
  })
  .refine(
    (said) => Object.values(said).filter((way) => way !== undefined).length === 1,
    "say `window`, `days` or `hours`",
  )
  .transform(({ window, days, hours }): Validity => {
    if (days !== undefined) return { days };
    return hours === undefined ? { window: window ?? { from: null, to: null } } : { hours };
  });

/** For ever, at once. */
export const anyTime: Validity = { window: { from: null, to: null } };

/** The columns of a template that say so; of the three ways one is used. */
export type ValidityColumns = Pick<CouponTemplate, "validFrom" | "validTo" | "validDays" | "validHours">;

export function columnsOf(validity: Validity): ValidityColumns {
  const none = { validFrom: null, validTo: null, validDays: null, validHours: null };
  if ("days" in validity) return { ...none, validDays: validity.days };
  if ("hours" in validity) return { ...none, validHours: validity.hours };
  return { ...none, validFrom: validity.window.from, validTo: validity.window.to };
}

/** What a template says of it. */
export function validityOf({ validFrom, validTo, validDays, validHours }: ValidityColumns): Validity {
  if (typeof validDays === "number") return { days: validDays };
  return typeof validHours !== "number" ? { window: { from: validFrom, to: validTo } } : { hours: validHours };
}

/** The same as people read it: moments in UTC. */
export function toldValidity(validity: Validity) {
  if (!("window" in validity)) return validity;
  const [from, to] = [validity.window.from, validity.window.to].map((ms) => ms && new Date(ms).toISOString());
  return { from, to };
}

/** Until when a coupon is good that is given at a moment, ms; null = for ever. */
export function validUntil(validity: Validity, at: number, zone: string): number | null {
  if ("days" in validity) return endOfDay(at, validity.days, zone);
  return "hours" in validity ? at + validity.hours * hourMs : validity.window.to;
}

/** From when on a coupon of template `t` is good that is given at a moment. */
export function validFromSql(at: SQL): SQL {
  return sql`coalesce(t.valid_from, ${at})`;
}

/** Until when; `dayEnd` is the end of the day that its `valid_days` mean. */
export function validToSql(at: SQL, dayEnd: SQL): SQL {
  return sql`CASE WHEN t.valid_days IS NOT NULL THEN ${dayEnd}
    WHEN t.valid_hours IS NOT NULL THEN ${at} + t.valid_hours * ${hourMs} ELSE t.valid_to END`;
}
