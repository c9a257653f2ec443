import { z } from "zod";
import type { Context } from "../context.ts";
import { GoodsConditions } from "../discount/conditions.ts";
import { Stacking } from "../discount/stacking.ts";
import { type Issue, refuse } from "../errors.ts";
import { check, schemaIssues } from "../input.ts";
import { AudienceChoice, audienceIssues } from "../member/audience-choice.ts";
import { currency } from "../value/currency.ts";
import { blockOrNone, plainText } from "../value/plain-text.ts";
import { linkFault, webAddress } from "../value/web-address.ts";
import { promiseIssues } from "./promise.ts";
import type { Promotion } from "./table.ts";
import { dearest, PromotionRule } from "./tier.ts";

/** What an operator says of a promotion besides its rule. */
const PromotionFacts = z.strictObject({
  name: plainText(200),
  remark: blockOrNone(2_000).default(""),
  currency: currency(),
  /** Now, unless said. */
  startsAt: z.int().optional(),
  endsAt: z.int().nullable().default(null),
  /** Which goods count; all unless said. */
  conditions: GoodsConditions.prefault({}),
  audience: AudienceChoice.default({ everyone: true }),
  /** Null: beside all others that are not exclusive. */
  stacking: Stacking.nullable().default(null),
  /** Where it leads. */
  activeUrl: webAddress.nullable().default(null),
});

export type PromotionDraft = z.input<typeof PromotionFacts> & {
  readonly rule: { readonly kind: string; readonly tiers: readonly unknown[] };
};

/** What a promotion says, as its draft would. */
export function draftOf(promotion: Promotion) {
  const { name, remark, currency, startsAt, endsAt, kind, tiers, conditions, audience, stacking, activeUrl } =
    promotion;
  const terms = { conditions, audience, stacking, activeUrl };
  return { name, remark, currency, startsAt, endsAt, ...terms, rule: { kind, tiers } };
}

/** The promotion that a draft is of. */
interface DraftOf {
  /** Whose it is: it names what is its own alone. */
  readonly shop: string;
  readonly enabled: boolean;
  /** Whether it promises anything anew; it does unless said. */
  readonly isPromisedAnew?: boolean | undefined;
}

/**
 * The draft as it is kept, or INVALID_INPUT with every fault's path. Where the promotion is `enabled`, what it gives
 * must be in offer already; until then it must only be there; nothing of that is asked where it promises nothing anew.
 */
export async function checkDraft(
  ctx: Context,
  { rule, ...facts }: PromotionDraft,
  { shop, enabled, isPromisedAnew = true }: DraftOf,
) {
  const parsed = check(PromotionFacts, facts);
  const ruled = check(PromotionRule, rule);
  const issues = [...schemaIssues(parsed.error), ...schemaIssues(ruled.error, ["rule"])];
  if (!parsed.success || !ruled.success) return refuse.invalid(issues);
  const checked = { ...parsed.data, startsAt: parsed.data.startsAt ?? ctx.clock(), ...ruled.data };
  const faults = [
    ...faultsOf(ctx, checked),
    ...(await audienceIssues(ctx, checked.audience, shop)),
    ...amountIssues(ruled.data),
  ];
  if (faults.length > 0) return refuse.invalid(faults);
  const broken = isPromisedAnew ? await promiseIssues(ctx, { ...checked, shop, enabled }) : [];
  return broken.length > 0 ? refuse.invalid(broken) : checked;
}

/** A draft that was checked. */
export type CheckedDraft = Exclude<Awaited<ReturnType<typeof checkDraft>>, { readonly code: "INVALID_INPUT" }>;

type Facts = z.output<typeof PromotionFacts> & { readonly startsAt: number };

function faultsOf({ settings }: Context, { startsAt, endsAt, activeUrl }: Facts): Issue[] {
  const unsafe = linkFault(activeUrl, settings.httpsOnly);
  return [
    ...(endsAt !== null && endsAt <= startsAt ? [{ path: "endsAt", message: "the end must lie after the start" }] : []),
    ...(unsafe === undefined ? [] : [{ path: "activeUrl", message: unsafe }]),
  ];
}

/** No cart costs more than that: a tier that asks for more gives nothing, and one that takes off more means less. */
function amountIssues({ tiers }: PromotionRule): Issue[] {
  return tiers.flatMap((tier, i) =>
    tier.spend <= dearest ? [] : [{ path: `rule.tiers.${i}.spend`, message: "is more than any cart may cost" }],
  );
}
