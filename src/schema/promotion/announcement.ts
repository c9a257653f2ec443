import type { Promoted } from "../../campaign/announcement/announce.ts";
import { type Disabled, disablePromotion } from "../../campaign/announcement/disable.ts";
import { enablePromotion } from "../../campaign/announcement/enable.ts";
import { CampaignType } from "../campaign/campaign-type.ts";
import { StopEnum, StoppedType } from "../campaign/stopped.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { announceFields, announcingOf, key } from "./announcement-input.ts";
import { PromotionType } from "./promotion-type.ts";

const editors = { role: "editor" } as const;

export const PromotedType = builder.objectRef<Promoted>("EnabledPromotion").implement({
  description: "A promotion that was enabled, or waits for that.",
  authScopes: editors,
  fields: (t) => ({
    promotion: t.expose("promotion", {
      type: PromotionType,
      description: "The promotion; `review` says what of it waits for a second person.",
    }),
    announcement: t.expose("announcement", {
      type: CampaignType,
      nullable: true,
      description:
        "The campaign that announces it; null while that waits for a second person, or where it was announced before " +
        "and nobody asked for another.",
    }),
    stopped: t.expose("stopped", {
      type: [StoppedType],
      description: "Announcements before it that were not over, and are now.",
    }),
  }),
});

refusable("enablePromotion", {
  description:
    "Switches a promotion on, and announces it once: to everyone whom it is for, at once, or at its start when that " +
    "lies ahead, with what it promises by then. Again only when asked. Above the approval size both wait for a " +
    "second person (`Promotion.review`) and go on by themselves once they have one: `approvePromotion`.",
  scopes: editors,
  result: PromotedType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true, WRONG_STATE: true },
  input: (t) => ({
    promotionId: t.globalID({ for: PromotionType, required: true, description: "Which one." }),
    ...announceFields(t, "unless given everyone the first time, then nobody, whatever became of that"),
    ...key(t),
  }),
  resolve: ({ promotionId, idempotencyKey, ...how }, ctx) =>
    enablePromotion(ctx, {
      id: toRowId(promotionId.id),
      ...announcingOf(how),
      idempotencyKey: idempotencyKey ?? undefined,
    }),
});

const DisabledType = builder.objectRef<Disabled>("DisabledPromotion").implement({
  description: "A promotion that was disabled.",
  authScopes: editors,
  fields: (t) => ({
    promotion: t.expose("promotion", { type: PromotionType, description: "The promotion." }),
    stopped: t.expose("stopped", {
      type: [StoppedType],
      description: "Its announcements that were stopped, and how many they had told.",
    }),
  }),
});

refusable("disablePromotion", {
  description:
    "Switches a promotion off. Its announcements are stopped unless you keep them, within 2 seconds; what waits of " +
    "it for a second person is given up.",
  scopes: editors,
  result: DisabledType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    promotionId: t.globalID({ for: PromotionType, required: true, description: "Which one." }),
    announcements: t.field({
      type: StopEnum,
      description: "What becomes of its announcements; `STOP` unless given.",
    }),
  }),
  resolve: ({ promotionId, announcements }, ctx) =>
    disablePromotion(ctx, { id: toRowId(promotionId.id), announcements: announcements ?? undefined }),
});
