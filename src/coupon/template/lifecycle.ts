import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { loadGate } from "../gate/reconcile.ts";
import type { CouponTemplate } from "../table.ts";
import { checkTemplate, draftOf, linkIssues } from "./draft.ts";
import { makeOccurrences } from "./occurrence.ts";
import { refuseToActivate } from "./second-person.ts";
import { type TransitionName, transitions, transitionTemplates } from "./state.ts";
import { beginTakeBack } from "./take-back.ts";
import { findTemplate } from "./template.ts";
import { templateChanged } from "./template-changed.ts";

/** An operator's word on one template. */
interface Command {
  readonly id: number;
  readonly reason?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Puts a draft in offer: claims are let in from its opening on. Refused (INVALID_INPUT) when its window or its validity
 * lies in the past. One that gives more than one person may decide on needs a second one (NEEDS_APPROVAL, see
 * `approveTemplate`). What recurs gets its next occurrences.
 */
export async function activateTemplate(ctx: Context, input: Command) {
  const activated = await once(ctx, {
    key: input.idempotencyKey,
    input: { activateTemplate: input.id, reason: input.reason ?? null },
    work: async (tx) => {
      const changed = await transitionOne(tx, "activate", input);
      if (isRefusal(changed)) return changed;
      const faults = (await unfit(tx, changed)) ?? (await refuseToActivate(tx, changed));
      if (faults) return faults;
      await makeOccurrences(tx, changed);
      return changed;
    },
  });
  if (isRefusal(activated)) return activated;
  await templateChanged(ctx, activated.id);
  if (activated.stock !== null && activated.recurrence === null) await loadGate(ctx, activated.id);
  return activated;
}

async function unfit(ctx: Context, template: CouponTemplate) {
  const checked = checkTemplate(ctx, draftOf(template));
  if (isRefusal(checked)) return checked;
  const unsafe = linkIssues(ctx, checked);
  return unsafe.length > 0 ? refuse.invalid(unsafe) : undefined;
}

/**
 * Ends a template before its time: nothing more is given, coupons that members hold stay good. Of what recurs, all
 * occurrences end.
 */
export async function endTemplate(ctx: Context, input: Command) {
  return closing(ctx, "end", input, []);
}

/**
 * Takes a template out of offer for good; a draft is thrown away by it. Coupons that members hold stay good, unless
 * `takeBack` is said: then those that are unused are withdrawn, too, behind the queue, and their reserves are free
 * again. A coupon that is locked for an order at that moment stays with it.
 */
export async function withdrawTemplate(ctx: Context, input: Command & { readonly takeBack?: boolean | undefined }) {
  return closing(ctx, "withdraw", input, input.takeBack ? beginTakeBack(ctx, input.id) : []);
}

async function closing(ctx: Context, transition: TransitionName, input: Command, also: readonly Query[]) {
  const closed = await once(ctx, {
    key: input.idempotencyKey,
    input: { [transition]: input.id, reason: input.reason ?? null, also: also.length > 0 },
    work: async (tx) => {
      const changed = await transitionOne(tx, transition, input);
      if (isRefusal(changed)) return changed;
      await tx.db.write([
        ...transitionTemplates(tx, transition, sql`recurring_template = ${input.id}`, input.reason),
        ...also,
      ]);
      return changed;
    },
  });
  if (!isRefusal(closed)) await templateChanged(ctx, closed.id);
  return closed;
}

async function transitionOne(ctx: Context, transition: TransitionName, { id, reason }: Command) {
  const results = await ctx.db.write(transitionTemplates(ctx, transition, sql`id = ${id}`, reason));
  const template = await findTemplate(ctx, id);
  if (!template) return refuse.notFound("coupon template", id);
  if (results.at(-1)?.rowsAffected === 1) return template;
  const from = transitions[transition].from.join(" or ");
  const message = `To ${transition} a template it has to be ${from}; this one is ${template.state}.`;
  return refuse.wrongState(message, template.state);
}
