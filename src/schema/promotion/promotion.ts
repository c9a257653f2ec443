import {
  disablePromotion,
  enablePromotion,
  type Promoted,
  updatePromotion,
} from "../../campaign/announcement/promotion-announcement.ts";
import { createPromotion } from "../../promotion/promotion.ts";
import { CampaignType } from "../campaign/campaign-type.ts";
import { builder, type Types } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { toRowId } from "../kit/ids.ts";
import { placed } from "../kit/placed.ts";
import { refusable } from "../kit/refusable.ts";
import { placeInRule, RuleInput, ruleOf } from "./promotion-input.ts";
import { PromotionType } from "./promotion-type.ts";
import { termFields, termsOf } from "./terms-input.ts";

const editors = { role: "editor" } as const;

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const window = (t: Fields) => ({
  remark: t.string({ description: "A remark, at most 2,000 characters; announcements say it." }),
  startsAt: t.field({ type: "DateTime", description: "Its window begins; now unless given." }),
  endsAt: t.field({ type: "DateTime", description: "Its window ends, after the start; without it, never." }),
});

refusable("createPromotion", {
  description: "Writes a promotion down, disabled.",
  scopes: editors,
  result: PromotionType,
  refusals: {},
  input: (t) => ({
    name: t.string({ required: true, description: "Its name, 1–200 characters." }),
    rule: t.field({ type: RuleInput, required: true, description: "What it gives." }),
    currency: t.string({ required: true, description: "Of its amounts, ISO 4217; it acts on carts in it alone." }),
    ...window(t),
    ...termFields(t),
  }),
  resolve: async ({ name, rule, currency, remark, startsAt, endsAt, ...terms }, ctx) => {
    const draft = { remark: remark ?? undefined, startsAt: startsAt ?? undefined, endsAt, ...termsOf(terms) };
    const made = await createPromotion(ctx, { name, currency, rule: ruleOf(rule), ...draft });
    return placed(made, (path) => placeInRule(path, rule));
  },
});

refusable("updatePromotion", {
  description:
    "Changes a promotion: what is left out stays. It is not announced again (`enablePromotion` does that when " +
    "asked); an announcement that has not begun moves with its window.",
  scopes: editors,
  result: PromotionType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({
    promotionId: t.globalID({ for: PromotionType, required: true, description: "Which one." }),
    name: t.string({ description: "Its new name, 1–200 characters." }),
    rule: t.field({ type: RuleInput, description: "What it gives from now on." }),
    currency: t.string({ description: "Its new currency, ISO 4217." }),
    ...window(t),
    ...termFields(t),
  }),
  resolve: async ({ promotionId, name, rule, currency, remark, startsAt, endsAt, ...terms }, ctx) => {
    const draft = {
      ...(typeof name === "string" && { name }),
      ...(typeof currency === "string" && { currency }),
      ...(rule && { rule: ruleOf(rule) }),
      ...(remark !== null && { remark }),
      ...(startsAt && { startsAt }),
      endsAt,
      ...termsOf(terms),
    };
    const updated = await updatePromotion(ctx, { id: toRowId(promotionId.id), draft });
    return placed(updated, (path) => placeInRule(path, rule));
  },
});

const AnnouncementInput = builder.inputType("AnnouncementInput", {
  description: "How a promotion is announced to everyone.",
  fields: (t) => ({
    title: t.string({ description: "Its title, 1–200 characters; the promotion's name unless given." }),
    body: t.string({ description: "What it says, plain text; the promotion's remark, else its name, unless given." }),
    channels: t.field({ type: [ChannelEnum], description: "On which channels; IN_APP unless given." }),
  }),
});

const PromotedType = builder.objectRef<Promoted>("EnabledPromotion").implement({
  description: "A promotion that was enabled.",
  authScopes: editors,
  fields: (t) => ({
    promotion: t.expose("promotion", { type: PromotionType, description: "The promotion." }),
    announcement: t.expose("announcement", {
      type: CampaignType,
      nullable: true,
      description: "The campaign that announces it; null when it was announced before and nobody asked for another.",
    }),
  }),
});

refusable("enablePromotion", {
  description:
    "Switches a promotion on, and tells everyone the first time or when asked to: at once, or at its start when " +
    "that lies ahead.",
  scopes: editors,
  result: PromotedType,
  refusals: {
    CONFLICT: true,
    NEEDS_APPROVAL: true,
    NOT_FOUND: true,
    RATE_LIMITED: true,
    TOO_COSTLY: true,
    WRONG_STATE: true,
  },
  input: (t) => ({
    promotionId: t.globalID({ for: PromotionType, required: true, description: "Which one." }),
    announce: t.boolean({ description: "Whether to announce it; unless given, only when it never was." }),
    announcement: t.field({ type: AnnouncementInput, description: "How to announce it." }),
    idempotencyKey: t.string({
      description: "Your name for this request, 1–200 characters: sent again within 48 h, it answers the same again.",
    }),
  }),
  resolve: ({ promotionId, announce, announcement, idempotencyKey }, ctx) =>
    enablePromotion(ctx, {
      id: toRowId(promotionId.id),
      announce: announce ?? undefined,
      announcement: {
        title: announcement?.title ?? undefined,
        body: announcement?.body ?? undefined,
        channels: announcement?.channels ?? undefined,
      },
      idempotencyKey: idempotencyKey ?? undefined,
    }),
});

refusable("disablePromotion", {
  description: "Switches a promotion off, and cancels its announcements that have not begun.",
  scopes: editors,
  result: PromotionType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({ promotionId: t.globalID({ for: PromotionType, required: true, description: "Which one." }) }),
  resolve: ({ promotionId }, ctx) => disablePromotion(ctx, { id: toRowId(promotionId.id) }),
});
