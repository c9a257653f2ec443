import type { MemberContext } from "../../context.ts";
import type { CouponTemplate } from "../table.ts";
import { isSoldOut } from "../template/state.ts";
import { type OpenTemplate, openTemplates, placeOf } from "./open-templates.ts";
import { askStanding, type Standing, stretch } from "./standing.ts";
import { templatesToShow } from "./template-cache.ts";

/** What a member can do with an offer now. */
export const claimableStates = ["CLAIMABLE", "NOT_STARTED", "LIMIT_REACHED", "SOLD_OUT"] as const;
export type ClaimableState = (typeof claimableStates)[number];

/** A template that members claim themselves, as one member sees it. */
export interface ClaimableCoupon {
  readonly template: CouponTemplate;
  readonly state: ClaimableState;
  /** Coupons of it that the member has or had: what counts against the limit. */
  readonly held: number;
  /** Whether the member asked to be reminded before it opens. */
  readonly isReminded: boolean;
}

/** Part of the list. */
export interface ClaimablePage {
  /** The template that the page before ended with. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface Claimable {
  readonly coupons: readonly ClaimableCoupon[];
  /** Where to go on, when it ended before it was full and before the list did. */
  readonly goOn: number | undefined;
}

/** Filters asked of a member for one page at most: what each of some hundreds of templates has of its own. */
const maxFilters = 200;

/**
 * What the acting member may claim now, and within a week: what closes soonest first, then what opens next; of what
 * recurs, the occurrence that is open and the next one. Left out is what is for others, before anything is cut. What is
 * the same for all is at most a second old, filters' "now" among it; what is the member's own is asked, mostly by one
 * statement. A page ends early, and says where to go on, when {@link maxFilters} were asked.
 */
export async function claimableCoupons(ctx: MemberContext, { after, limit }: ClaimablePage): Promise<Claimable> {
  const open = await openTemplates(ctx);
  const standing: Standing = { answers: new Map(), has: undefined };
  const mine: number[] = [];
  let at = after === undefined ? 0 : await placeAfter(ctx, open, after);
  while (at < open.length && mine.length < limit && standing.answers.size < maxFilters) {
    await askStanding(ctx, open, at, standing);
    const end = Math.min(open.length, at - (at % stretch) + stretch);
    for (const { id, question } of open.slice(at, end)) {
      if (question === null || standing.answers.get(question)) mine.push(id);
    }
    at = end;
  }
  const endedEarly = at < open.length && mine.length < limit;
  const coupons = await describe(ctx, mine.slice(0, limit), standing);
  return { coupons, goOn: endedEarly ? open[at - 1]?.id : undefined };
}

/** Where the list goes on after a template, be it in the list any more or not. */
async function placeAfter(ctx: MemberContext, open: readonly OpenTemplate[], after: number): Promise<number> {
  const at = open.findIndex(({ id }) => id === after);
  if (at >= 0) return at + 1;
  const [gone] = await templatesToShow(ctx, [after]);
  if (!gone) return 0;
  const now = ctx.clock();
  const last = placeOf(gone, now);
  const next = open.findIndex((template) => isLater(placeOf(template, now), last));
  return next < 0 ? open.length : next;
}

function isLater(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((part, i) => part !== other[i]);
  return at >= 0 && (one[at] ?? 0) > (other[at] ?? 0);
}

async function describe(ctx: MemberContext, ids: readonly number[], { has }: Standing): Promise<ClaimableCoupon[]> {
  const templates = await templatesToShow(ctx, ids);
  const now = ctx.clock();
  return templates.flatMap((template) => {
    if (!template) return [];
    const held = has?.held.get(template.id) ?? 0;
    const isReminded = has?.reminded.has(template.id) ?? false;
    return [{ template, state: claimableState(template, held, now), held, isReminded }];
  });
}

/** A limit that is reached stays so, whatever the time and the stock; what has not opened can still be had by all. */
export function claimableState(template: CouponTemplate, held: number, now: number): ClaimableState {
  if (held >= template.perMember) return "LIMIT_REACHED";
  if (template.opensAt !== null && now < template.opensAt) return "NOT_STARTED";
  return isSoldOut(template) ? "SOLD_OUT" : "CLAIMABLE";
}
