import type { PromotionDraft } from "../../promotion/promotion.ts";
import { audienceChoiceOf, CampaignAudienceInput } from "../campaign/campaign-input.ts";
import { builder, type Types } from "../kit/builder.ts";

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const NamesInput = builder.inputType("PromotionNamesInput", {
  description: "Names that count, and names that do not; the latter win. At most 1,000 each.",
  fields: (t) => ({
    include: t.stringList({ description: "Only these count; all, where neither goods nor categories are included." }),
    exclude: t.stringList({ description: "These do not." }),
  }),
});

const ConditionsInput = builder.inputType("PromotionConditionsInput", {
  description:
    "Which goods count for a promotion: their price reaches its thresholds, and they alone bear what it takes off.",
  fields: (t) => ({
    goods: t.field({ type: NamesInput, description: "Goods by the shop's ids." }),
    categories: t.field({ type: NamesInput, description: "Categories by the shop's ids." }),
  }),
});

const GroupInput = builder.inputType("PromotionGroupInput", {
  description: "A stacking group of promotions, and the place in it.",
  fields: (t) => ({
    name: t.string({ required: true, description: "Of one group at most one acts on a cart; 1–50 characters." }),
    order: t.int({ description: "Lower ones are applied earlier, −1,000,000–1,000,000; 0 unless given." }),
  }),
});

const StackingInput = builder.inputType("PromotionStackingInput", {
  description: "Beside which other promotions one acts: exactly one of these.",
  isOneOf: true,
  fields: (t) => ({
    exclusive: t.boolean({ description: "`true`: beside none." }),
    group: t.field({ type: GroupInput, description: "Beside those of other groups, and of none." }),
  }),
});

/** For which goods and for whom a promotion is, beside which others it acts, and where it leads: none must be said. */
export const termFields = (t: Fields) => ({
  conditions: t.field({ type: ConditionsInput, description: "Which goods count; all unless given." }),
  audience: t.field({
    type: CampaignAudienceInput,
    description: "For whose carts it acts, asked when a cart is quoted or locked; for everyone's unless given.",
  }),
  stacking: t.field({
    type: StackingInput,
    description: "Beside which other promotions it acts; unless given, or null: beside all that are not exclusive.",
  }),
  activeUrl: t.string({
    description: "Where it leads, as announcements say: http:// or https://, at most 2,000 characters; null: nowhere.",
  }),
});

interface TermsSaid {
  readonly conditions?: typeof ConditionsInput.$inferInput | null | undefined;
  readonly audience?: typeof CampaignAudienceInput.$inferInput | null | undefined;
  readonly stacking?: typeof StackingInput.$inferInput | null | undefined;
  readonly activeUrl?: string | null | undefined;
}

/** What was said of them, in the domain's words. */
export function termsOf({ conditions, audience, stacking, activeUrl }: TermsSaid): Partial<PromotionDraft> {
  return {
    ...(conditions && { conditions: { goods: namesOf(conditions.goods), categories: namesOf(conditions.categories) } }),
    ...(audience && { audience: audienceChoiceOf(audience) }),
    ...(stacking !== undefined && { stacking: stacking && stackingOf(stacking) }),
    ...(activeUrl !== undefined && { activeUrl }),
  };
}

function namesOf(names: typeof NamesInput.$inferInput | null | undefined) {
  return { include: names?.include ?? [], exclude: names?.exclude ?? [] };
}

/** What was said wrongly is refused where the draft is checked. */
function stackingOf({ group, exclusive }: typeof StackingInput.$inferInput) {
  return group ? { group: group.name, order: group.order ?? 0 } : { exclusive: exclusive as true };
}
