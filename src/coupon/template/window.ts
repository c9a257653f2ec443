import { type SQL, sql } from "drizzle-orm";
import type { Issue } from "../../errors.ts";
import type { CouponTemplate } from "../table.ts";
import type { Validity } from "./validity.ts";

/** What a draft says of its windows. */
interface SaidWindow {
  readonly opensAt: number | null;
  readonly closesAt: number | null;
  readonly validity: Validity;
}
type Window = Pick<CouponTemplate, "opensAt" | "closesAt" | "validTo">;

/**
 * Until when a template's coupons can be had, ms: it closes, or before that they would have expired. Null where nothing
 * ends it.
 */
export function claimsEnd({ closesAt, validTo }: Omit<Window, "opensAt">): number | null {
  return closesAt === null || validTo === null ? (closesAt ?? validTo) : Math.min(closesAt, validTo);
}

/** The same of a row of `coupon_template`. */
export const claimsEndSql: SQL = sql`coalesce(min(closes_at, valid_to), closes_at, valid_to)`;

/** Whether members never can claim one: it is over before it opens. Nobody can write such a template any more. */
export function neverOpens(template: Window): boolean {
  const end = claimsEnd(template);
  return end !== null && template.opensAt !== null && end <= template.opensAt;
}

/** The same of a row of `coupon_template`; never NULL. */
export const neverOpensSql: SQL = sql`(coalesce(closes_at <= opens_at, 0) OR coalesce(valid_to <= opens_at, 0))`;

/** What is wrong with a window in which nothing could be claimed, or nothing of it be used. */
export function windowIssues({ opensAt, closesAt, validity }: SaidWindow, now: number): Issue[] {
  const { from, to } = "window" in validity ? validity.window : { from: null, to: null };
  const until = { path: "validity.window.to" };
  const issues: Issue[] = [];
  if (closesAt !== null && closesAt <= now) {
    issues.push({ path: "closesAt", message: "lies in the past: nobody could have one" });
  } else if (closesAt !== null && opensAt !== null && closesAt <= opensAt) {
    issues.push({ path: "closesAt", message: "must lie after it opens" });
  }
  if (to === null) return issues;
  if (to <= now) issues.push({ ...until, message: "lies in the past: its coupons would have expired" });
  else if (from !== null && to <= from) issues.push({ ...until, message: "must lie after `from`" });
  else if (opensAt !== null && to <= opensAt) {
    issues.push({ ...until, message: "lies before it opens: none of its coupons could be used" });
  }
  return issues;
}
