import { z } from "zod";
import { channelNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { type NoticeKind, noticeKinds, saveNoticePolicy } from "../../coupon/reminder/policy.ts";
import { findTemplate } from "../../coupon/template/template.ts";
import { type Issue, isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { Content } from "../content/content.ts";
import { contentIssues } from "../content/content-issues.ts";
import { contentPurposes } from "../content/purposes.ts";
import { commonVariables } from "../content/variables.ts";

const minuteMs = 60_000;

/**
 * How long before members can be told, minutes: of a coupon's end not later than an hour before, as that is how exactly
 * it is looked at.
 */
export const leadMinutes: Readonly<Record<NoticeKind, { readonly from: number; readonly to: number }>> = {
  DROP: { from: 1, to: 7 * 24 * 60 },
  EXPIRY: { from: 60, to: 30 * 24 * 60 },
};

const NoticeInput = z.strictObject({
  kind: z.enum(noticeKinds),
  /** Null: all templates that nothing else is said of. */
  template: z.int().positive().nullable().default(null),
  enabled: z.boolean().default(true),
  leadMinutes: z.int().nullable().default(null),
  channels: z
    .array(z.enum(channelNames))
    .min(1)
    .refine((list) => new Set(list).size === list.length, "a channel is named twice")
    .nullable()
    .default(null),
  content: Content.nullable().default(null),
});

/**
 * Says how members are reminded: of one template, or of all that nothing else is said of. The whole of it is replaced;
 * null is what is said for all, else what is usual. It counts for reminders that have not been decided on. Refusals:
 * INVALID_INPUT, NOT_FOUND (the template).
 */
export async function setNoticePolicy(ctx: Context, input: z.input<typeof NoticeInput>) {
  const checked = parseInput(NoticeInput, input);
  if (isRefusal(checked)) return checked;
  const { leadMinutes: minutes, ...others } = checked;
  const variables = { ...commonVariables, ...contentPurposes[others.kind].variables };
  const issues = [
    ...leadIssues(others.kind, minutes),
    ...(await contentIssues(ctx, others.content ?? {}, [], variables)),
  ];
  if (issues.length > 0) return refuse.invalid(issues);
  if (others.template !== null && !(await findTemplate(ctx, others.template))) {
    return refuse.notFound("coupon template", others.template);
  }
  const policy = { ...others, lead: minutes === null ? null : minutes * minuteMs };
  await saveNoticePolicy(ctx, policy);
  return policy;
}

function leadIssues(kind: NoticeKind, minutes: number | null): Issue[] {
  const { from, to } = leadMinutes[kind];
  if (minutes === null || (minutes >= from && minutes <= to)) return [];
  return [{ path: "leadMinutes", message: `must be between ${from} and ${to}` }];
}
