import { z } from "zod";
import { channelNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { type Issue, isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { AudienceChoice, audienceIssues } from "../../member/audience-choice.ts";
import { ScheduleFacts } from "../../schedule/facts.ts";
import { plainText } from "../../value/plain-text.ts";
import { actionOf, campaignKinds, messageIssues, silentKinds, usualKind } from "../action/index.ts";
import { Content } from "../content/content.ts";
import { LocalTime, localTimeIssues } from "../local-time.ts";
import type { Campaign } from "../table.ts";
import { recurrenceIssues } from "./recurrence-issues.ts";

/** What an operator says of a campaign. */
export const CampaignDraft = z.strictObject({
  name: plainText(200),
  kind: z.enum(campaignKinds).default(usualKind),
  /** Of which coupons are given or offered; null for announcements. */
  couponTemplate: z.int().positive().nullable().default(null),
  /** The promotion that an announcement tells of; null for all others. */
  promotion: z.int().positive().nullable().default(null),
  topic: plainText(60).default("promotions"),
  audience: AudienceChoice.default({ everyone: true }),
  /** None for coupons that are given without a word. */
  channels: z
    .array(z.enum(channelNames))
    .refine((list) => new Set(list).size === list.length, "a channel is named twice"),
  reach: z.enum(["EACH", "FIRST_REACHABLE"]).default("EACH"),
  content: Content.default({}),
  transactional: z.boolean().default(false),
  popupPriority: z.int().min(-1000).max(1000).default(0),
  startsAt: z.int().nullable().default(null),
  endsAt: z.int().nullable().default(null),
  /** When it recurs; null: it begins once. */
  schedule: ScheduleFacts.nullable().default(null),
  /** Members are reached when their own clocks show that time; null: all at one moment. */
  localTime: LocalTime.nullable().default(null),
});
export type CampaignDraft = z.input<typeof CampaignDraft>;
/** The same, checked, with what is usual where nothing was said. */
export type CampaignFacts = z.output<typeof CampaignDraft>;

/** What was said of a campaign. */
export function draftOf(campaign: Campaign): CampaignDraft {
  const { name, kind, couponTemplate, promotion, topic, audience, reach, content } = campaign;
  const { transactional, popupPriority, startsAt, endsAt, schedule, localTime } = campaign;
  const channels = [...campaign.channels];
  const offer = { kind, couponTemplate, promotion };
  const times = { startsAt, endsAt, schedule, localTime };
  return { name, ...offer, topic, audience, channels, reach, content, transactional, popupPriority, ...times };
}

/** The names of what is not as it was said before. */
export function changedFacts(before: Campaign, after: CampaignFacts): string[] {
  const was: Readonly<Record<string, unknown>> = before;
  return Object.entries(after).flatMap(([name, value]) => (Bun.deepEquals(was[name], value) ? [] : [name]));
}

/**
 * What was said of a campaign of a shop, checked as far as it can be before anybody is reached; content may still be
 * missing.
 */
export async function checkDraft(ctx: Context, draft: CampaignDraft, shop: string) {
  const parsed = parseInput(CampaignDraft, draft);
  if (isRefusal(parsed)) return parsed;
  const { kind, promotion, channels, audience, content, startsAt, endsAt } = parsed;
  const action = actionOf(kind);
  const choice = { ...parsed, shop };
  const issues: Issue[] = [
    ...(await messageIssues(ctx, choice, content, [])),
    ...(await action.input.issues(ctx, choice)),
  ];
  if (promotion !== null && kind !== usualKind) {
    issues.push({ path: "kind", message: "what announces a promotion gives no coupons" });
  }
  if (channels.length === 0 && action.channels === "needed") {
    issues.push({ path: "channels", message: `at least one; only ${silentKinds.join(", ")} can do without` });
  }
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt) {
    issues.push({ path: "endsAt", message: "the end must lie after the start" });
  }
  issues.push(...(await recurrenceIssues(ctx, choice)), ...localTimeIssues(parsed));
  issues.push(...(await audienceIssues(ctx, audience, shop)));
  return issues.length > 0 ? refuse.invalid(issues) : parsed;
}
