import { sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import { auditChanges, changesBetween, subjectOf } from "../../transition/audit.ts";
import type { CouponTemplate } from "../table.ts";

/** Of what members are reminded: that a drop opens (those who asked), and that a coupon of theirs expires. */
export const noticeKinds = ["DROP", "EXPIRY"] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** What is said of reminders, for one template or for all; null where nothing is said. */
export interface NoticePolicy {
  readonly kind: NoticeKind;
  /** Null: all templates. */
  readonly template: number | null;
  readonly enabled: boolean;
  /** How long before, ms. */
  readonly lead: number | null;
  /** In order of preference: the first that reaches a member is used. */
  readonly channels: unknown;
  /** Channel → locale → parts, in the place of the usual texts. */
  readonly content: unknown;
}

/** How long before members are reminded unless said, ms. */
export const usualLead: Readonly<Record<NoticeKind, number>> = { DROP: 5 * 60_000, EXPIRY: 24 * 3_600_000 };

/**
 * Everything that is said of reminders: a row for all templates of a kind, and one for each that is treated otherwise.
 */
export async function noticePolicies(ctx: Context): Promise<NoticePolicy[]> {
  const found = await ctx.db.all<PolicyRow>(sql`
    SELECT kind, template, enabled, lead, channels, content FROM coupon_notice_policy ORDER BY kind, template`);
  return found.map(({ kind, template, enabled, lead, channels, content }) => ({
    kind,
    template: template === 0 ? null : template,
    enabled: enabled === 1,
    lead,
    channels: channels === null ? null : JSON.parse(channels),
    content: content === null ? null : JSON.parse(content),
  }));
}

interface PolicyRow {
  readonly kind: NoticeKind;
  readonly template: number;
  readonly enabled: number;
  readonly lead: number | null;
  readonly channels: string | null;
  readonly content: string | null;
}

/** Says how members are reminded, in the place of what was said before of the same kind and template. */
export async function saveNoticePolicy(ctx: Context, policy: NoticePolicy): Promise<void> {
  await withTransaction(ctx, async (tx) => {
    const { kind, template, ...after } = policy;
    const before = (await noticePolicies(tx)).find((each) => each.kind === kind && each.template === template);
    const subject = template === null ? subjectOf("notice-policy", kind) : subjectOf("coupon-template", template);
    const changes = changesBetween({ ...before }, after, ["content"]).map((change) => ({
      ...change,
      fact: `reminders of ${kind}: ${change.fact}`,
    }));
    await tx.db.write(auditChanges(tx, subject, changes));
    await write(tx, policy);
  });
}

async function write(ctx: Context, policy: NoticePolicy): Promise<void> {
  const { kind, template, enabled, lead, channels, content } = policy;
  await ctx.db.write([
    sql`
      INSERT INTO coupon_notice_policy (kind, template, enabled, lead, channels, content, set_by, set_at)
      VALUES (${kind}, ${template ?? 0}, ${enabled ? 1 : 0}, ${lead}, ${json(channels)}, ${json(content)},
        ${describeActor(ctx.actor)}, ${ctx.clock()})
      ON CONFLICT DO UPDATE SET enabled = excluded.enabled, lead = excluded.lead, channels = excluded.channels,
        content = excluded.content, set_by = excluded.set_by, set_at = excluded.set_at`,
  ]);
}

function json(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

/**
 * What holds for one template: its own word, else that of the template it is an occurrence of, else that for all, else
 * what is usual.
 */
export function policyFor(
  policies: readonly NoticePolicy[],
  kind: NoticeKind,
  { id, recurringTemplate }: Pick<CouponTemplate, "id" | "recurringTemplate">,
): Omit<NoticePolicy, "lead" | "template"> & { readonly lead: number } {
  const words = [id, recurringTemplate, null].flatMap((template, i) => {
    const isNobodys = i === 1 && template === null;
    return isNobodys ? [] : policies.filter((each) => each.kind === kind && each.template === template);
  });
  const said = <Name extends keyof NoticePolicy>(name: Name) => words.find((word) => word[name] !== null)?.[name];
  return {
    kind,
    enabled: words[0]?.enabled ?? true,
    lead: said("lead") ?? usualLead[kind],
    channels: said("channels") ?? null,
    content: said("content") ?? null,
  };
}
