import { eq, sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import { type Issue, isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { mayName, newShop } from "../../shop.ts";
import { auditChanges, auditDeed, changesBetween, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { type CouponTemplate, templateTable } from "../table.ts";
import { prefixFor } from "./code-prefix.ts";
import {
  type CheckedDraft,
  checkTemplate,
  draftOf,
  linkIssues,
  type ParsedDraft,
  rowOf,
  TemplateDraft,
} from "./draft.ts";
import { checkSaid, inNewWords, type SaidDraft } from "./said-draft.ts";
import { refuseToRepoint } from "./second-person.ts";
import { isLive } from "./state.ts";
import { findTemplate } from "./template.ts";
import { forgetTemplate } from "./template-to-claim.ts";
import { toldValidity } from "./validity.ts";

interface Keyed {
  /** The caller's name for this one request. */
  readonly idempotencyKey?: string | undefined;
}

/** Writes a template down as a draft: nothing is given before it is activated. */
export function createTemplate(ctx: Context, { draft, idempotencyKey }: Keyed & { readonly draft: SaidDraft }) {
  return once(ctx, {
    key: idempotencyKey,
    input: { createTemplate: draft },
    work: async (tx) => {
      const shop = newShop(tx, draft.shop);
      if (isRefusal(shop)) return shop;
      const checked = checkSaid(tx, { ...draft, shop });
      return isRefusal(checked) ? checked : insert(tx, checked);
    },
  });
}

interface Duplicating {
  readonly id: number;
  readonly name?: string | undefined;
  readonly shop?: string | undefined;
}

/**
 * A draft with everything that another template says, of the same shop unless another is named; its coupons are its
 * own.
 */
export function duplicateTemplate(ctx: Context, { id, name, shop, idempotencyKey }: Keyed & Duplicating) {
  return once(ctx, {
    key: idempotencyKey,
    input: { duplicateTemplate: id, name: name ?? null, ...(shop !== undefined && { shop }) },
    work: async (tx) => {
      const template = await findTemplate(tx, id);
      if (!template) return refuse.notFound("coupon template", id);
      const owner = newShop(tx, shop ?? template.shop);
      if (isRefusal(owner)) return owner;
      const said = { ...draftOf(template), name: name ?? template.name, shop: owner };
      const checked = checkTemplate(tx, said, { anyWindow: true });
      const from = mayName(owner, template.shop) ? `coupon template ${id}` : "a coupon template of others";
      return isRefusal(checked) ? checked : insert(tx, checked, `copied from ${from}`);
    },
  });
}

/**
 * Changes what is said of a template; what is left out stays, and so does its shop. A draft may become anything else.
 * Of a live one only what claimants were not promised can change, and INVALID_INPUT names the other fields: its name,
 * its link, its audience, closing later (or never), opening earlier and a higher limit. What recurs changes its
 * occurrences that have not opened, too. To lead a live one's claim links elsewhere takes a second person
 * (NEEDS_APPROVAL).
 */
export async function updateTemplate(
  ctx: Context,
  { id, draft }: { readonly id: number; readonly draft: SaidDraft<DraftChange> },
) {
  const answer = await withTransaction(ctx, (tx) => update(tx, id, draft));
  forgetTemplate(ctx, id);
  return answer;
}

async function update(ctx: Context, id: number, asked: SaidDraft<DraftChange>) {
  const before = await findTemplate(ctx, id);
  if (!before) return refuse.notFound("coupon template", id);
  if (before.state !== "DRAFT" && !isLive(before.state)) {
    return refuse.wrongState(`This template is ${before.state}; duplicate it to begin anew.`, before.state);
  }
  const said = draftOf(before);
  const draft = inNewWords(asked, said.validity);
  if (isRefusal(draft)) return draft;
  const named = changeable.filter((field) => draft[field] !== undefined);
  // A live one keeps what was said of its window, until that is said anew.
  const anyWindow = isLive(before.state) && !named.some((field) => windowFields.has(field));
  const checked = checkTemplate(ctx, { ...said, ...pick(draft, named) }, { anyWindow });
  if (isRefusal(checked)) return checked;
  const unsafe = draft.activeUrl === undefined ? [] : linkIssues(ctx, checked);
  if (unsafe.length > 0) return refuse.invalid(unsafe);
  const repointed = refuseToRepoint(ctx, before, checked.activeUrl);
  if (repointed) return repointed;
  const broken = isLive(before.state) ? brokenPromises(named, said, checked) : [];
  if (broken.length > 0) return refuse.invalid(broken);
  const changed = isLive(before.state) ? pick(checked, named) : checked;
  const [after] = await ctx.db.orm
    .update(templateTable)
    .set({ ...rowOf(changed), updatedAt: ctx.clock() })
    .where(eq(templateTable.id, id))
    .returning();
  const fields = named.filter((field) => !Bun.deepEquals(said[field], checked[field]));
  if (fields.length > 0) {
    const subject = subjectOf("coupon-template", id);
    const changes = changesBetween(told(said), told(pick(checked, fields)), ["eligibility"]);
    await ctx.db.write([revise(ctx, subject, fields), ...auditChanges(ctx, subject, changes)]);
  }
  if (after && isLive(after.state)) await updateOccurrences(ctx, after);
  return after ? withPrefix(ctx, after) : refuse.notFound("coupon template", id);
}

/** What is written down of its changes. */
function told({ validity, ...facts }: Partial<ParsedDraft>) {
  return { ...facts, ...(validity && { validity: toldValidity(validity) }) };
}

/** What can be said anew: a template belongs to the shop that it was made for. */
export type DraftChange = Partial<Omit<TemplateDraft, "shop">>;
const changeable = TemplateDraft.omit({ shop: true }).keyof().options;

function pick<T extends Partial<TemplateDraft>>(from: T, names: readonly Field[]): Partial<T> {
  return Object.fromEntries(
    names.map((name) => [name, from[name]]).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

type Field = keyof ParsedDraft;
const windowFields: ReadonlySet<Field> = new Set(["opensAt", "closesAt", "validity", "recurrence"]);
/** What may change of a live template, and how. */
type Rule = (before: ParsedDraft, after: ParsedDraft) => string | undefined;
const free: Readonly<Partial<Record<Field, Rule>>> = {
  name: () => undefined,
  activeUrl: () => undefined,
  eligibility: () => undefined,
  perMember: (before, after) =>
    after.perMember < before.perMember ? "can only be raised while it is live" : undefined,
  opensAt: (before, after) =>
    (after.opensAt ?? 0) > (before.opensAt ?? 0) ? "can only be moved to an earlier time while it is live" : undefined,
  closesAt: (before, after) =>
    (after.closesAt ?? Infinity) < (before.closesAt ?? Infinity)
      ? "can only be moved to a later time while it is live; endCouponTemplate ends it now"
      : undefined,
};
const instead: Readonly<Partial<Record<Field, string>>> = {
  stock: "is changed by changeCouponStock while it is live",
  budget: "is changed by changeCouponBudget while it is live",
};
const promised = "was promised to those who claimed; duplicate the template and withdraw or end this one";

/**
 * Of the fields that were named, those that a change of a live template must leave alone, each with what to do instead.
 * Pure.
 */
export function brokenPromises(named: readonly Field[], before: ParsedDraft, after: ParsedDraft): Issue[] {
  return named.flatMap((path) => {
    if (Bun.deepEquals(before[path], after[path])) return [];
    const rule = free[path];
    const message = rule ? rule(before, after) : (instead[path] ?? promised);
    return message === undefined ? [] : [{ path, message }];
  });
}

async function updateOccurrences(ctx: Context, { id }: CouponTemplate): Promise<void> {
  await ctx.db.write([
    sql`
      UPDATE coupon_template SET (name, active_url, eligibility, per_member, updated_at) = (
        SELECT p.name, p.active_url, p.eligibility, p.per_member, ${ctx.clock()}
        FROM coupon_template p WHERE p.id = ${id})
      WHERE recurring_template = ${id} AND state = 'ACTIVE' AND opens_at > ${ctx.clock()}`,
  ]);
}

async function insert(ctx: Context, checked: CheckedDraft, what = "created") {
  const unsafe = linkIssues(ctx, checked);
  if (unsafe.length > 0) return refuse.invalid(unsafe);
  const now = ctx.clock();
  const own = { state: "DRAFT", createdBy: describeActor(ctx.actor), createdAt: now, updatedAt: now } as const;
  const [made] = await ctx.db.orm
    .insert(templateTable)
    .values({ ...rowOf(checked), ...own })
    .returning();
  if (!made) throw new Error("the insert answered no template");
  const subject = subjectOf("coupon-template", made.id);
  await ctx.db.write([auditDeed(ctx, subject, what), revise(ctx, subject, ["created"])]);
  return withPrefix(ctx, made);
}

/** A draft whose codes are made begins them with its name, unless its writer said how. */
async function withPrefix(ctx: Context, template: CouponTemplate): Promise<CouponTemplate> {
  const { id, name, state, codeMode } = template;
  if (state !== "DRAFT" || codeMode === "NONE" || template.codePrefix !== "") return template;
  const codePrefix = prefixFor(name, id);
  await ctx.db.orm.update(templateTable).set({ codePrefix }).where(eq(templateTable.id, id));
  return { ...template, codePrefix };
}
