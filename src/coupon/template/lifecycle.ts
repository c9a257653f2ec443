import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { inReach } from "../../shop.ts";
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
  const closed = await closeTemplate(ctx, { ...input, to: "end" }, nothingElse);
  return isRefusal(closed) ? closed : closed.template;
}

/**
 * Takes a template out of offer for good; a draft is thrown away by it. Coupons that members hold stay good, unless
 * `takeBack` is said: then those that are unused are withdrawn, too, behind the queue, and their reserves are free
 * again. A coupon that is locked for an order at that moment stays with it.
 */
export async function withdrawTemplate(ctx: Context, input: Command & { readonly takeBack?: boolean | undefined }) {
  const closed = await closeTemplate(ctx, { ...input, to: "withdraw" }, nothingElse);
  return isRefusal(closed) ? closed : closed.template;
}

const nothingElse = { says: null, work: async () => null };

/** What the domains above do when a template is closed. */
interface AlsoDone<Done> {
  /** Everything else that was asked for, as JSON. */
  readonly says: unknown;
  /** Does it, in the same transaction; its answer must survive JSON. */
  readonly work: (tx: Context) => Promise<Done>;
}

interface Closing extends Command {
  readonly to: "end" | "withdraw";
  readonly takeBack?: boolean | undefined;
}

/** {@link endTemplate} or {@link withdrawTemplate}, and what else is to be done with it; answers both. */
export async function closeTemplate<Done>(ctx: Context, input: Closing, also: AlsoDone<Done>) {
  const { to, id, reason, takeBack = false } = input;
  const closed = await once(ctx, {
    key: input.idempotencyKey,
    input: { [to]: id, reason: reason ?? null, also: takeBack, says: also.says },
    work: async (tx) => {
      const template = await transitionOne(tx, to, input);
      if (isRefusal(template)) return template;
      await tx.db.write([
        ...transitionTemplates(tx, to, sql`recurring_template = ${id}`, reason),
        ...(takeBack ? beginTakeBack(tx, id) : []),
      ]);
      const done = await also.work(tx);
      return isRefusal(done) ? done : { template, done: done as Exclude<Done, Refusal> };
    },
  });
  if (!isRefusal(closed)) await templateChanged(ctx, id);
  return closed;
}

async function transitionOne(ctx: Context, transition: TransitionName, { id, reason }: Command) {
  const which = sql`id = ${id} AND ${inReach(ctx, sql`coupon_template.shop`)}`;
  const results = await ctx.db.write(transitionTemplates(ctx, transition, which, reason));
  const template = await findTemplate(ctx, id);
  if (!template) return refuse.notFound("coupon template", id);
  if (results.at(-1)?.rowsAffected === 1) return template;
  const from = transitions[transition].from.join(" or ");
  const message = `To ${transition} a template it has to be ${from}; this one is ${template.state}.`;
  return refuse.wrongState(message, template.state);
}
