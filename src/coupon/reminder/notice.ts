import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import type { NoticeKind } from "./policy.ts";

/** What tells one reminder from others: each is decided on once. */
export interface NoticeKey {
  readonly kind: NoticeKind;
  /** The template's number. */
  readonly template: number;
  /** DROP: 0. EXPIRY: the hour, by when it begins (ms), in which the coupons expire. */
  readonly slot: number;
}

/** Notes that a reminder is decided on, sent or not; whether it was not before. */
export async function decideNotice({ db, clock }: Context, { kind, template, slot }: NoticeKey): Promise<boolean> {
  const [result] = await db.write([
    sql`
      INSERT INTO coupon_notice (kind, template, slot, at) VALUES (${kind}, ${template}, ${slot}, ${clock()})
      ON CONFLICT DO NOTHING`,
  ]);
  return result?.rowsAffected === 1;
}

/** Which reminder a campaign is, if it is one that is remembered. */
export function noticeOfCampaign(
  { db }: Context,
  campaign: number,
): Promise<Pick<NoticeKey, "kind" | "slot"> | undefined> {
  return db.first<Pick<NoticeKey, "kind" | "slot">>(sql`
    SELECT kind, slot FROM coupon_notice WHERE campaign = ${campaign}`);
}

/** The statement that notes which campaign tells of a reminder that was decided on. */
export function noteNoticeCampaign({ kind, template, slot }: NoticeKey, campaign: number): Query {
  return sql`
    UPDATE coupon_notice SET campaign = ${campaign} WHERE kind = ${kind} AND template = ${template} AND slot = ${slot}`;
}
