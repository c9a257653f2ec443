import { sql } from "drizzle-orm";
import { describeActor, identityOf } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { revisionsAfter, versionsOf, wroteAny } from "../../transition/revision.ts";
import { webAddress } from "../../value/web-address.ts";
import type { CouponTemplate } from "../table.ts";
import type { TemplateApproval } from "../template-approval.ts";
import { Amount } from "./draft.ts";
import { type Exposure, exposureOf, stockToBe } from "./exposure.ts";
import { isLive } from "./state.ts";
import { findTemplate } from "./template.ts";

/** What an approver says. Of a draft no more than its version: it is approved as it is. */
export interface ApproveInput {
  readonly id: number;
  /** {@link templateVersions} as it was read. */
  readonly version: string;
  /** Of a live one, what somebody else may set: the stock (of pools, the number of codes), the budget, the link. */
  readonly stock?: number | null | undefined;
  readonly budget?: number | null | undefined;
  readonly activeUrl?: string | undefined;
}

/** The version of each of these templates, in their order. */
export async function templateVersions(ctx: Context, ids: readonly number[]): Promise<string[]> {
  const versions = await versionsOf(
    ctx,
    ids.map((id) => subjectOf("coupon-template", id)),
  );
  return versions.map(String);
}

/** The things whose versions a template has: its own, and of an occurrence those of the template that recurs. */
export function subjectsOf({ id, recurringTemplate }: Pick<CouponTemplate, "id" | "recurringTemplate">): string[] {
  return [id, ...(recurringTemplate === null ? [] : [recurringTemplate])].map((each) =>
    subjectOf("coupon-template", each),
  );
}

/**
 * Approves a draft as it is, or, of a live template, that somebody else raises its stock or budget so far, or lets its
 * claim links lead there. FORBIDDEN to whoever wrote any version of it, with whichever token; CONFLICT, which says what
 * changed, when that is not its version any more, and when the same was approved already.
 */
export function approveTemplate(ctx: Context, input: ApproveInput) {
  return withTransaction(ctx, async (tx) => {
    const template = await findTemplate(tx, input.id);
    if (!template) return refuse.notFound("coupon template", input.id);
    const [version = 0] = await versionsOf(tx, subjectsOf(template));
    const unfit = await unfitToApprove(tx, template, input, version);
    if (unfit) return unfit;
    const agreed = isLive(template.state) ? await raised(tx, template, input) : await asItIs(tx, template);
    if (isRefusal(agreed)) return agreed;
    const before = template.approval && { ...template.approval, author: null, actor: null, at: null };
    if (Bun.deepEquals(before, { ...agreed, version, author: null, actor: null, at: null })) {
      return refuse.conflict(`${template.approval?.actor} has approved that already.`);
    }
    const { actor } = tx;
    const who = { author: identityOf(actor), actor: describeActor(actor), at: tx.clock() };
    const approval: TemplateApproval = { ...agreed, version, ...who };
    await tx.db.write([
      sql`UPDATE coupon_template SET approval = ${JSON.stringify(approval)} WHERE id = ${input.id}`,
      auditDeed(tx, subjectOf("coupon-template", input.id), `approved: ${describeApproval(approval)}`),
    ]);
    return { ...template, approval };
  });
}

async function unfitToApprove(ctx: Context, template: CouponTemplate, input: ApproveInput, version: number) {
  const { state } = template;
  if (state !== "DRAFT" && !isLive(state)) return refuse.wrongState(`This template is ${state}.`, state);
  if (await wroteAny(ctx, subjectsOf(template))) {
    return refuse.forbidden("A coupon template is approved by someone who wrote no version of it.");
  }
  if (String(version) === input.version) return undefined;
  const [subject = ""] = subjectsOf(template);
  const changes = await revisionsAfter(ctx, subject, Number(input.version) || 0);
  const words = changes.map(({ fields, actor }) => `${fields.join(", ")} by ${actor}`).join("; ");
  return refuse.conflict(`That is not what it says any more (${words || "no such version"}). Read it again.`);
}

type Agreed = Pick<TemplateApproval, "coupons" | "cost" | "activeUrl">;

async function asItIs(ctx: Context, template: CouponTemplate): Promise<Agreed> {
  const stock = await stockToBe(ctx, template);
  return { ...kept(exposureOf({ ...template, stock })), activeUrl: template.activeUrl };
}

/** What was agreed to before, and more of what the approver names. */
async function raised(ctx: Context, template: CouponTemplate, input: ApproveInput) {
  const { stock, budget, activeUrl } = input;
  const wrong = [stock, budget].some((each) => typeof each === "number" && !Amount.safeParse(each).success);
  if (wrong || (stock === undefined && budget === undefined && activeUrl === undefined)) {
    return refuse.invalid([{ path: "stock", message: "of a live template say which stock, budget or link" }]);
  }
  if (activeUrl !== undefined && !webAddress.safeParse(activeUrl).success) {
    return refuse.invalid([{ path: "activeUrl", message: "must be an address with http:// or https://" }]);
  }
  const before = agreedTo(template.approval);
  const named = exposureOf({
    stock: stock === undefined ? await stockToBe(ctx, template) : stock,
    budget: budget === undefined ? template.budget : budget,
    maxDiscount: template.maxDiscount,
  });
  const numbers = stock === undefined && budget === undefined ? before : named;
  return { ...kept(numbers), activeUrl: activeUrl ?? template.approval?.activeUrl ?? null } satisfies Agreed;
}

/** What an approval allows; nothing where there is none. */
export function agreedTo(approval: TemplateApproval | null): Exposure {
  if (!approval) return { coupons: 0, cost: 0 };
  const { coupons, cost } = approval;
  return { coupons: coupons ?? Number.POSITIVE_INFINITY, cost: cost ?? Number.POSITIVE_INFINITY };
}

function kept({ coupons, cost }: Exposure): Pick<Agreed, "coupons" | "cost"> {
  return { coupons: Number.isFinite(coupons) ? coupons : null, cost: Number.isFinite(cost) ? cost : null };
}

function describeApproval({ coupons, cost, activeUrl }: TemplateApproval): string {
  const link = activeUrl === null ? [] : [`links to ${activeUrl}`];
  return [`${coupons ?? "any number of"} coupons`, `${cost ?? "any number of"} minor units`, ...link].join(", ");
}
