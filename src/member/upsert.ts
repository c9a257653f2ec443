import { sql } from "drizzle-orm";
import { describeActor } from "../actor.ts";
import { type Context, withTransaction } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import { type Issue, refuse } from "../errors.ts";
import { auditEach } from "../transition/audit.ts";
import { type Upsert, upsertOf } from "./arriving.ts";
import { checkItem, isFaulty, type MemberItem } from "./member-item.ts";
import { keptFromOrders, spendCurrency } from "./total-spend.ts";

/** The most items of one call, and of one statement. */
export const upsertLimit = 1_000;

/** What became of the item at `index`. `id` is the member's public id. */
export type UpsertOutcome =
  | { readonly kind: "created" | "updated" | "unchanged"; readonly index: number; readonly id: string }
  | { readonly kind: "invalid"; readonly index: number; readonly issues: readonly Issue[] };

/**
 * Creates or updates members by `externalId`, all valid items in one transaction; the shape of an item is {@link
 * MemberItem}'s. A faulty item, or the second of one `externalId`, is `invalid` and changes nothing; so is one that
 * gives `totalSpend` where that is kept from orders. Refuses more than 1,000 items.
 */
export async function upsertMembers(ctx: Context, items: readonly unknown[]) {
  if (items.length > upsertLimit)
    return refuse.invalid([{ path: "members", message: `${items.length} are more than ${upsertLimit} at once` }]);
  const seen = new Map<string, number>();
  const checked = items.map((item, index) => unlessRepeated(seen, unlessKept(ctx, checkItem(item)), index));
  const valid = checked.filter((item): item is MemberItem => !isFaulty(item));
  const upsert = upsertOf(ctx, valid, describeActor(ctx.actor));
  const outcomes = await written(ctx, upsert, valid);
  let next = 0;
  return checked.flatMap((item, index): UpsertOutcome[] => {
    if (isFaulty(item)) return [{ kind: "invalid", index, issues: item }];
    const outcome = outcomes[next++];
    return outcome ? [{ ...outcome, index }] : [];
  });
}

/** What an operator writes is written down of each member that it changes: which facts, not what they say or said. */
function written(ctx: Context, upsert: Upsert, items: readonly MemberItem[]) {
  if (ctx.actor.kind !== "operator") return ctx.db.write(upsert.queries).then(upsert.read);
  return withTransaction(ctx, async (tx) => {
    const outcomes = upsert.read(await tx.db.write(upsert.queries));
    const said = outcomes.flatMap(({ kind, id }, i) =>
      kind === "unchanged" ? [] : [{ id, what: told(kind, items[i]) }],
    );
    const members = sql`
      SELECT m.seq AS id, ${field("what")} AS what FROM ${rows(said)} CROSS JOIN member m ON m.id = ${field("id")}`;
    await tx.db.write(auditEach(tx, "member", sql`(${members})`));
    return outcomes;
  });
}

function told(kind: "created" | "updated", item: MemberItem | undefined): string {
  const fields = Object.keys(item ?? {}).filter((name) => name !== "externalId");
  return kind === "created" || fields.length === 0 ? "created" : `wrote ${fields.toSorted().join(", ")}`;
}

/** What is kept from orders is nobody else's to say. */
function unlessKept(ctx: Context, checked: MemberItem | readonly Issue[]): MemberItem | readonly Issue[] {
  if (isFaulty(checked) || checked.totalSpend === undefined || !spendCurrency(ctx)) return checked;
  return [{ path: "totalSpend", message: keptFromOrders }];
}

function unlessRepeated(
  seen: Map<string, number>,
  checked: MemberItem | readonly Issue[],
  index: number,
): MemberItem | readonly Issue[] {
  if (isFaulty(checked)) return checked;
  const first = seen.get(checked.externalId);
  if (first !== undefined) return [{ path: "externalId", message: `is the same as that of item ${first}` }];
  seen.set(checked.externalId, index);
  return checked;
}
