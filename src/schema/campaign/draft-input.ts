import type { CampaignKind } from "../../campaign/action/index.ts";
import type { CampaignDraft } from "../../campaign/draft/facts.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import type { Types } from "../kit/builder.ts";
import { rowOfInput } from "../kit/ids.ts";
import { ScheduleInput, scheduleOfInput } from "../schedule/schedule-input.ts";
import { audienceChoiceOf, CampaignAudienceInput, ContentInput, contentOf } from "./campaign-input.ts";
import { ReachEnum } from "./campaign-type.ts";
import { CampaignKindEnum } from "./coupon-figures.ts";
import { LocalTimeInput } from "./local-time.ts";

export type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

/** How and when a campaign sends; nothing of it must be said. */
export const sendingFields = (t: Fields) => ({
  topic: t.string({
    description: "What it is about, 1–60 characters; consent may depend on it. `promotions` unless given.",
  }),
  reach: t.field({ type: ReachEnum, description: "What several channels mean; `EACH` unless given." }),
  transactional: t.boolean({ description: "Whether frequency caps and quiet hours spare it; false unless given." }),
  popupPriority: t.int({ description: "Which popup is shown first, −1000–1000, the highest is; 0 unless given." }),
  startsAt: t.field({ type: "DateTime", description: "When it starts; without it, when launched." }),
  endsAt: t.field({ type: "DateTime", description: "From then on nothing is sent any more; after the start." }),
  schedule: t.field({
    type: ScheduleInput,
    description: "When it recurs: each time is a run, for those whom it is for then. Once unless given; no `startsAt`.",
  }),
  localTime: t.field({
    type: LocalTimeInput,
    description:
      "Members are reached when their own clocks show the time: that of `startsAt` by the shop's clock, or those of " +
      "the schedule by its zone's. All at one moment unless given.",
  }),
});

/** What can be said of a campaign besides its name and channels; nothing of it must be. */
export const draftFields = (t: Fields) => ({
  kind: t.field({ type: CampaignKindEnum, description: "What it does; `ANNOUNCEMENT` unless given." }),
  couponTemplateId: t.globalID({
    for: CouponTemplateType,
    description:
      "Of which coupons: for `COUPON_ISSUE` of those that are given (SYSTEM) or may be (SELF_CLAIM), for " +
      "`COUPON_INVITE` of those that members claim (SELF_CLAIM); for others null.",
  }),
  audience: t.field({ type: CampaignAudienceInput, description: "Whom it is for; everyone unless given." }),
  content: t.field({
    type: [ContentInput],
    description: "What it says: each channel needs one of locale `default` to launch.",
  }),
  ...sendingFields(t),
});

interface Draft {
  kind?: CampaignKind | null | undefined;
  couponTemplateId?: { readonly id: string } | null | undefined;
  name?: string | null | undefined;
  topic?: string | null | undefined;
  audience?: typeof CampaignAudienceInput.$inferInput | null | undefined;
  channels?: unknown;
  reach?: "EACH" | "FIRST_REACHABLE" | null | undefined;
  content?: readonly (typeof ContentInput.$inferInput)[] | null | undefined;
  transactional?: boolean | null | undefined;
  popupPriority?: number | null | undefined;
  startsAt?: number | null | undefined;
  endsAt?: number | null | undefined;
  schedule?: typeof ScheduleInput.$inferInput | null | undefined;
  localTime?: typeof LocalTimeInput.$inferInput | null | undefined;
}

/** What was said, in the domain's words. Null takes a template, times and schedules away, and else says nothing. */
export function draftOf({
  couponTemplateId,
  audience,
  content,
  startsAt,
  endsAt,
  schedule,
  localTime,
  ...others
}: Draft): Partial<CampaignDraft> {
  const said = Object.entries(others).filter(([, value]) => value !== null && value !== undefined);
  return {
    ...Object.fromEntries(said),
    ...(couponTemplateId !== undefined && { couponTemplate: rowOfInput(couponTemplateId) ?? null }),
    ...(audience && { audience: audienceChoiceOf(audience) }),
    ...(content && { content: contentOf(content) }),
    ...(startsAt !== undefined && { startsAt }),
    ...(endsAt !== undefined && { endsAt }),
    ...(schedule !== undefined && { schedule: schedule && scheduleOfInput(schedule) }),
    ...(localTime !== undefined && { localTime: localTime && { passed: localTime.passed ?? "NOW" } }),
  };
}
