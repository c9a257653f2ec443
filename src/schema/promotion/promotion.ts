import { createAndEnable } from "../../campaign/announcement/create.ts";
import { updatePromotion } from "../../campaign/announcement/edit.ts";
import type { Types } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { placed } from "../kit/placed.ts";
import { refusable } from "../kit/refusable.ts";
import { makersShop, newShopField } from "../kit/shop.ts";
import { announceFields, announcingOf, key } from "./announcement-input.ts";
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
  description:
    "Writes a promotion down; disabled, unless you say otherwise: then it is enabled and announced with it, as by " +
    "`enablePromotion`, all or nothing. Above the approval size it waits for a second person (`Promotion.review`).",
  scopes: editors,
  result: PromotionType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true, WRONG_STATE: true },
  input: (t) => ({
    name: t.string({ required: true, description: "Its name, 1–200 characters." }),
    rule: t.field({ type: RuleInput, required: true, description: "What it gives." }),
    currency: t.string({ required: true, description: "Of its amounts, ISO 4217; it acts on carts in it alone." }),
    shop: newShopField(t, makersShop),
    ...window(t),
    ...termFields(t),
    enabled: t.boolean({ description: "Whether to enable it, too; false unless given." }),
    ...announceFields(t, "everyone unless given, where it is enabled"),
    ...key(t),
  }),
  resolve: async ({ name, rule, currency, shop, remark, startsAt, endsAt, enabled, idempotencyKey, ...said }, ctx) => {
    const whose = { shop: shop ?? undefined, remark: remark ?? undefined };
    const draft = { ...whose, startsAt: startsAt ?? undefined, endsAt, ...termsOf(said) };
    const made = await createAndEnable(ctx, {
      draft: { name, currency, rule: ruleOf(rule), ...draft },
      enabled: enabled ?? false,
      ...announcingOf(said),
      idempotencyKey: idempotencyKey ?? undefined,
    });
    return placed(made, (path) => placeInRule(path, rule));
  },
});

refusable("updatePromotion", {
  description:
    "Changes a promotion: what is left out stays. What an enabled one promises changes once a second person has " +
    "approved of it (`Promotion.review`, `approvePromotion`); its name and remark, and all of a disabled one, at " +
    "once. Announcements that have not begun follow it; those under way that tell what is promised no more are " +
    "stopped. It is announced again only when asked.",
  scopes: editors,
  result: PromotionType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true, WRONG_STATE: true },
  input: (t) => ({
    promotionId: t.globalID({ for: PromotionType, required: true, description: "Which one." }),
    name: t.string({ description: "Its new name, 1–200 characters." }),
    rule: t.field({ type: RuleInput, description: "What it gives from now on." }),
    currency: t.string({ description: "Its new currency, ISO 4217." }),
    ...window(t),
    ...termFields(t),
    ...announceFields(t, "nobody unless given; a disabled one is announced when it is enabled"),
    ...key(t),
  }),
  resolve: async ({ promotionId, name, rule, currency, remark, startsAt, endsAt, idempotencyKey, ...terms }, ctx) => {
    const draft = {
      ...(typeof name === "string" && { name }),
      ...(typeof currency === "string" && { currency }),
      ...(rule && { rule: ruleOf(rule) }),
      ...(typeof remark === "string" && { remark }),
      ...(startsAt && { startsAt }),
      endsAt,
      ...termsOf(terms),
    };
    const how = { ...announcingOf(terms), idempotencyKey: idempotencyKey ?? undefined };
    const updated = await updatePromotion(ctx, { id: toRowId(promotionId.id), draft, ...how });
    return placed(updated, (path) => placeInRule(path, rule));
  },
});
