import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { loadGate } from "../gate/reconcile.ts";
import type { CouponTemplate } from "../table.ts";
import { checkTemplate, draftOf } from "./draft.ts";
import { makeOccurrences } from "./occurrence.ts";
import { type Move, moves, moveTemplates } from "./state.ts";
import { beginTakeBack } from "./take-back.ts";
import { templateChanged } from "./tell-gate.ts";
import { findTemplate } from "./template.ts";

/** An operator's word on one template. */
interface Command {
  readonly id: number;
  readonly reason?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Puts a draft in offer: claims are let in from its opening on. Refused (INVALID_INPUT) when its window or its validity lies in the past.
 * What recurs gets its next occurrences.
 */
export async function activateTemplate(ctx: Context, input: Command): Promise<CouponTemplate | Refusal> {
  const activated = await once(ctx, {
    key: input.idempotencyKey,
    input: { activateTemplate: input.id, reason: input.reason ?? null },
    work: async (tx) => {
      const moved = await moveOne(tx, "activate", input);
      if (isRefusal(moved)) return moved;
      const faults = await unfit(tx, moved);
      if (faults) return faults;
      await makeOccurrences(tx, moved);
      return moved;
    },
  });
  if (isRefusal(activated)) return activated;
  await templateChanged(ctx, activated.id);
  if (activated.stock !== null && activated.recurrence === null) await loadGate(ctx, activated.id);
  return activated;
}

async function unfit(ctx: Context, template: CouponTemplate): Promise<Refusal | undefined> {
  const now = ctx.clock();
  const { closesAt, validTo } = template;
  const checked = checkTemplate(draftOf(template), now);
  if (isRefusal(checked)) return checked;
  const past = [
    ...(closesAt !== null && closesAt <= now ? [{ path: "closesAt", message: "its window is past" }] : []),
    ...(validTo !== null && validTo <= now ? [{ path: "validTo", message: "its coupons would have expired" }] : []),
  ];
  return past.length > 0 ? refuse.invalid(past) : undefined;
}

/** Ends a template before its time: nothing more is given, coupons that members hold stay good. Of what recurs, all occurrences end. */
export async function endTemplate(ctx: Context, input: Command): Promise<CouponTemplate | Refusal> {
  return closing(ctx, "end", input, []);
}

/**
 * Takes a template out of offer for good; a draft is thrown away by it. Coupons that members hold stay good, unless `takeBack` is said:
 * then those that are unused are withdrawn, too, behind the queue, and their reserves are free again. A coupon that is locked for an order
 * at that moment stays with it.
 */
export async function withdrawTemplate(
  ctx: Context,
  input: Command & { readonly takeBack?: boolean | undefined },
): Promise<CouponTemplate | Refusal> {
  return closing(ctx, "withdraw", input, input.takeBack ? beginTakeBack(input.id, ctx.clock()) : []);
}

async function closing(ctx: Context, move: Move, input: Command, also: readonly Query[]) {
  const closed = await once(ctx, {
    key: input.idempotencyKey,
    input: { [move]: input.id, reason: input.reason ?? null, also: also.length > 0 },
    work: async (tx) => {
      const moved = await moveOne(tx, move, input);
      if (isRefusal(moved)) return moved;
      await tx.db.write([...moveTemplates(tx, move, sql`recurring_template = ${input.id}`, input.reason), ...also]);
      return moved;
    },
  });
  if (!isRefusal(closed)) await templateChanged(ctx, closed.id);
  return closed;
}

async function moveOne(ctx: Context, move: Move, { id, reason }: Command): Promise<CouponTemplate | Refusal> {
  const results = await ctx.db.write(moveTemplates(ctx, move, sql`id = ${id}`, reason));
  const template = await findTemplate(ctx, id);
  if (!template) return refuse.notFound("coupon template", id);
  if (results.at(-1)?.rowsAffected === 1) return template;
  return refuse.wrongState(
    `To ${move} a template it has to be ${moves[move].from.join(" or ")}; this one is ${template.state}.`,
    template.state,
  );
}
