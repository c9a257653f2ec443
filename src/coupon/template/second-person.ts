import { identityOf } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { versionsOf } from "../../transition/revision.ts";
import type { CouponTemplate } from "../table.ts";
import type { TemplateApproval } from "../template-approval.ts";
import { agreedTo, subjectsOf } from "./approval.ts";
import { beyond, exposureOf, stockToBe } from "./exposure.ts";
import { isLive } from "./state.ts";

/** Refuses the activation of a draft that gives more than one person may, until another has approved this version. */
export async function refuseToActivate(ctx: Context, draft: CouponTemplate) {
  const [version = 0] = await versionsOf(ctx, subjectsOf(draft));
  const approval = draft.approval?.version === version ? draft.approval : null;
  const stock = await stockToBe(ctx, draft);
  return refused(beyond(ctx, exposureOf({ ...draft, stock }), agreedTo(approval)));
}

/**
 * Refuses what raises a live template's stock or budget further than one person may, until somebody else than the actor
 * has approved so much. Of a draft everything may be said: it is asked for when it is activated.
 */
export async function refuseToRaise(
  ctx: Context,
  template: CouponTemplate,
  to: { readonly stock?: number | null; readonly budget?: number | null },
) {
  if (!isLive(template.state)) return undefined;
  const now = { ...template, stock: await stockToBe(ctx, template) };
  return refused(beyond(ctx, exposureOf({ ...now, ...to }), exposureOf(now), agreedTo(byOther(ctx, template))));
}

/** Refuses to lead a live template's claim links elsewhere, until somebody else than the actor has approved of it. */
export function refuseToRepoint(ctx: Context, template: CouponTemplate, activeUrl: string | null) {
  if (!isLive(template.state) || activeUrl === null || activeUrl === template.activeUrl) return undefined;
  if (byOther(ctx, template)?.activeUrl === activeUrl) return undefined;
  return refused([`leads those who hold claim links to ${activeUrl}`]);
}

function byOther({ actor }: Context, { approval }: CouponTemplate): TemplateApproval | null {
  return approval?.author === identityOf(actor) ? null : approval;
}

function refused(why: readonly string[]) {
  if (why.length === 0) return undefined;
  return refuse.needsApproval(`It ${why.join(" and ")}: another operator has to approve that (approveCouponTemplate).`);
}
