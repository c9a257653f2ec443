import { sql } from "drizzle-orm";
import type { Query } from "../../db/statement.ts";
import type { NoticeKind, NoticePolicy } from "./policy.ts";

/** What tells a reminder from others: it is decided on once. */
export interface NoticeKey {
  readonly kind: NoticeKind;
  readonly template: number;
  readonly slot: number;
}

/** Notes that a reminder was decided on; without effect when it already was. */
export function noteNotice({ kind, template, slot }: NoticeKey, now: number): Query {
  return sql`
    INSERT INTO coupon_notice (kind, template, slot, at) VALUES (${kind}, ${template}, ${slot}, ${now})
    ON CONFLICT DO NOTHING`;
}

/** Notes which campaign tells of it. */
export function noteNoticeCampaign({ kind, template, slot }: NoticeKey, campaign: number): Query {
  return sql`
    UPDATE coupon_notice SET campaign = ${campaign} WHERE kind = ${kind} AND template = ${template} AND slot = ${slot}`;
}

/** Keeps how members are reminded, in the place of what was kept before. */
export function keepNoticePolicy(policy: NoticePolicy, by: { setBy: string; now: number }): Query {
  const { kind, template, enabled, lead, channels, content } = policy;
  return sql`
    INSERT INTO coupon_notice_policy (kind, template, enabled, lead, channels, content, set_by, set_at)
    VALUES (${kind}, ${template ?? 0}, ${enabled ? 1 : 0}, ${lead}, ${json(channels)}, ${json(content)},
      ${by.setBy}, ${by.now})
    ON CONFLICT DO UPDATE SET enabled = excluded.enabled, lead = excluded.lead, channels = excluded.channels,
      content = excluded.content, set_by = excluded.set_by, set_at = excluded.set_at`;
}

function json(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
