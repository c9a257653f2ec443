import { z } from "zod";
import type { Context } from "../../context.ts";
import { templatesById } from "../../coupon/template/template.ts";
import { GoodsConditions } from "../../discount/conditions.ts";
import { oncePerPlace } from "../../moment.ts";
import type { Promotion } from "../../promotion/promotion.ts";
import { PromotionRule } from "../../promotion/tier.ts";
import { promotionValues } from "../../promotion/words.ts";
import { placeOf } from "../content/place.ts";
import type { OfferScope } from "../content/template.ts";
import type { Reader } from "./action.ts";

/** A coupon that a tier gives, as far as members are told of it. */
const Gift = z.object({ name: z.string(), kind: z.string(), params: z.unknown(), currency: z.string() });

/** What an announcement freezes of a promotion: all that messages say of it. Times are milliseconds. */
export const AnnouncedPromotion = z.object({
  name: z.string(),
  remark: z.string(),
  currency: z.string(),
  rule: PromotionRule,
  startsAt: z.int(),
  endsAt: z.int().nullable(),
  conditions: GoodsConditions,
  activeUrl: z.string().nullable(),
  /** Of each tier, the coupon that it gives; null where it gives none. */
  gifts: z.array(Gift.nullable()),
});
export type AnnouncedPromotion = z.infer<typeof AnnouncedPromotion>;

/** The coupon template that a tier names; 0 where it names none. */
function templateOfTier(tier: object): number {
  return "couponTemplate" in tier && typeof tier.couponTemplate === "number" ? tier.couponTemplate : 0;
}

/** The coupon templates that a promotion's tiers name. */
export function couponTemplatesOf({ tiers }: Pick<Promotion, "tiers">): number[] {
  return [...new Set(tiers.map(templateOfTier))].filter((template) => template > 0);
}

/** What is frozen of a promotion as it is now. */
export async function announcedPromotion(ctx: Context, promotion: Promotion): Promise<AnnouncedPromotion> {
  const { kind, tiers } = promotion;
  const gifts = await templatesById(ctx, tiers.map(templateOfTier));
  const rule = PromotionRule.parse({ kind, tiers });
  return AnnouncedPromotion.parse({ ...promotion, rule, gifts: gifts.map((gift) => gift ?? null) });
}

/** The promotion in a reader's language, money and zone. */
export function promotionScope(ctx: Context, offer: AnnouncedPromotion, reader: Reader): OfferScope {
  return { promotion: told(offer, placeOf(ctx, reader)) };
}

const told = oncePerPlace(({ rule, ...offer }: AnnouncedPromotion, place) =>
  promotionValues({ ...offer, ...rule }, place),
);
