import { eq, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { auditChanges, changesBetween, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { type CouponTemplate, templateTable } from "../table.ts";
import { Amount, budgetIssues } from "./draft.ts";
import { refuseToRaise } from "./second-person.ts";
import { nothingLeft, transitionTemplates } from "./state.ts";
import { findTemplate } from "./template.ts";
import { templateChanged } from "./template-changed.ts";

interface Change {
  readonly id: number;
  readonly reason?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Sets how many coupons of a template there are in all; null = unlimited. Never below those that are issued. Raising it
 * opens what was sold out, lowering it to what is issued sells it out, both at once. Of what recurs the occurrences
 * that have not opened follow. To raise a live one's further than one person may takes a second one (NEEDS_APPROVAL).
 */
export async function changeStock(ctx: Context, { stock, ...input }: Change & { readonly stock: number | null }) {
  return change(ctx, { ...input, set: { stock } }, ({ issued, codeMode }) => {
    if (codeMode === "POOL") return "is the number of codes in the template's pools: add some";
    if (stock !== null && !Amount.safeParse(stock).success) return "must be a whole number from 1";
    if (stock !== null && stock < issued) return `must not be less than what is issued already: ${issued}`;
    return undefined;
  });
}

/**
 * Sets what the coupons of a template may cost in all, in minor units; null = unlimited. Never below what is reserved
 * for those that are out and what is spent. A template that gave coupons without a budget cannot get one: nothing was
 * reserved for them. Raised too far, NEEDS_APPROVAL as for the stock.
 */
export async function changeBudget(ctx: Context, { budget, ...input }: Change & { readonly budget: number | null }) {
  return change(ctx, { ...input, set: { budget } }, (template) => {
    const { issued, reserved, spent, maxDiscount } = template;
    if (budget === null) return undefined;
    if (!Amount.safeParse(budget).success) return "must be a whole number from 1";
    if (template.budget === null && issued > 0)
      return "cannot be given to a template that has issued coupons without one";
    if (budget < reserved + spent) return `must not be less than what is reserved (${reserved}) and spent (${spent})`;
    return budgetIssues({ budget, maxDiscount })[0]?.message;
  });
}

type Setting = { readonly stock: number | null } | { readonly budget: number | null };

async function change(
  ctx: Context,
  { id, set, reason, idempotencyKey }: Change & { readonly set: Setting },
  faultOf: (template: CouponTemplate) => string | undefined,
) {
  const [path = ""] = Object.keys(set);
  const changed = await once(ctx, {
    key: idempotencyKey,
    input: { changeTemplate: id, set, reason: reason ?? null },
    work: async (tx) => {
      const before = await findTemplate(tx, id);
      if (!before) return refuse.notFound("coupon template", id);
      if (before.state === "ENDED" || before.state === "WITHDRAWN") {
        return refuse.wrongState(`This template is ${before.state}: nothing of it is given any more.`, before.state);
      }
      const message = faultOf(before);
      if (message !== undefined) return refuse.invalid([{ path, message }]);
      const raised = await refuseToRaise(tx, before, set);
      if (raised) return raised;
      await apply(tx, id, set, reason);
      const subject = subjectOf("coupon-template", id);
      await tx.db.write([
        revise(tx, subject, [path]),
        ...auditChanges({ ...tx, reason: reason ?? tx.reason }, subject, changesBetween({ ...before }, set)),
      ]);
      return (await findTemplate(tx, id)) ?? refuse.notFound("coupon template", id);
    },
  });
  if (!isRefusal(changed)) await templateChanged(ctx, id);
  return changed;
}

async function apply(ctx: Context, id: number, set: Setting, reason: string | undefined): Promise<void> {
  const updatedAt = ctx.clock();
  const notOpen = sql`
    recurring_template = ${id} AND state IN ('ACTIVE', 'SOLD_OUT') AND opens_at > ${updatedAt} AND issued = 0`;
  await ctx.db.orm
    .update(templateTable)
    .set({ ...set, updatedAt })
    .where(eq(templateTable.id, id));
  await ctx.db.orm
    .update(templateTable)
    .set({ ...set, updatedAt })
    .where(notOpen);
  await ctx.db.write([
    ...transitionTemplates(ctx, "revive", sql`id = ${id} AND NOT ${nothingLeft}`, reason),
    ...transitionTemplates(ctx, "sellOut", sql`id = ${id} AND ${nothingLeft}`, reason),
  ]);
}
