import { sql } from "drizzle-orm";
import { z } from "zod";
import { describeActor } from "../actor.ts";
import { unfitPush } from "../campaign/push/standing.ts";
import { type Context, withTransaction } from "../context.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { endSchedule, startSchedule } from "../schedule/start.ts";
import { newShop } from "../shop.ts";
import { auditChanges, auditDeed, changesBetween, subjectOf } from "../transition/audit.ts";
import { plainText } from "../value/plain-text.ts";
import { draftOfPush } from "./draft.ts";
import { findPolicy, type LifecyclePolicy, LifecyclePush } from "./policy.ts";
import { type LifecycleKind, lifecycleKinds } from "./table.ts";
import { lookTimes } from "./timed.ts";

const Said = z.strictObject({
  name: plainText(200),
  days: z.int().min(0).max(3_650),
  hour: z.int().min(0).max(23),
  push: LifecyclePush,
  enabled: z.boolean().default(true),
});
const New = Said.extend({ kind: z.enum(lifecycleKinds) });

/**
 * Has members told at a day of their own, each once an occasion, by a policy of a shop. What it says goes out without
 * further approval, so whoever makes it must be one who may approve. INVALID_INPUT for what could not be sent.
 */
export async function createPolicy(
  ctx: Context,
  { shop: asked, ...said }: z.input<typeof New> & { shop?: string | undefined },
) {
  const shop = newShop(ctx, asked);
  if (isRefusal(shop)) return shop;
  const checked = parseInput(New, said);
  if (isRefusal(checked)) return checked;
  const wrong = await faultsOf(ctx, shop, checked);
  if (wrong) return wrong;
  const { name, kind, days, hour, push, enabled } = checked;
  return withTransaction(ctx, async (tx) => {
    const now = tx.clock();
    const row = await tx.db.first<{ id: number }>(sql`
      INSERT INTO lifecycle_policy
        (shop, name, kind, days, hour, push, enabled, looked_to, created_by, created_at, updated_at)
      VALUES (${shop}, ${name}, ${kind}, ${days}, ${hour}, ${JSON.stringify(push)}, ${enabled ? 1 : 0}, ${now},
        ${describeActor(tx.actor)}, ${now}, ${now}) RETURNING id`);
    if (!row) throw new Error("the policy was not written");
    await tx.db.write([auditDeed(tx, subjectOf("lifecycle-policy", row.id), "created")]);
    return begin(tx, row.id);
  });
}

/**
 * Replaces what a policy says, but for its kind. It counts for occasions that are not decided on yet: nobody is told of
 * one twice. What passed while it was not enabled is not made up for.
 */
export async function updatePolicy(ctx: Context, { id, ...said }: z.input<typeof Said> & { readonly id: number }) {
  const before = await findPolicy(ctx, id);
  if (!before) return refuse.notFound("lifecycle policy", id);
  const checked = parseInput(Said, said);
  if (isRefusal(checked)) return checked;
  const wrong = await faultsOf(ctx, before.shop, { ...checked, kind: before.kind });
  if (wrong) return wrong;
  const { name, days, hour, push, enabled } = checked;
  return withTransaction(ctx, async (tx) => {
    const now = tx.clock();
    const was = await findPolicy(tx, id);
    if (!was) return refuse.notFound("lifecycle policy", id);
    const changes = changesBetween({ ...was }, { name, days, hour, enabled, push }, ["push"]);
    await tx.db.write([
      ...auditChanges(tx, subjectOf("lifecycle-policy", id), changes),
      sql`
        UPDATE lifecycle_policy SET name = ${name}, days = ${days}, hour = ${hour}, push = ${JSON.stringify(push)},
          looked_to = CASE WHEN enabled = 1 THEN looked_to ELSE ${now} END, enabled = ${enabled ? 1 : 0},
          fault = NULL, updated_at = ${now}
        WHERE id = ${id}`,
    ]);
    return begin(tx, id);
  });
}

async function begin(tx: Context, id: number): Promise<LifecyclePolicy> {
  const policy = await findPolicy(tx, id);
  if (!policy) throw new Error(`policy ${id} is gone`);
  const { shop, name, enabled } = policy;
  if (enabled) await startSchedule(tx, { noun: "lifecycle", thing: id, shop, name, facts: lookTimes });
  else await tx.db.write(endSchedule(tx, "lifecycle", id));
  return policy;
}

interface Facts extends z.output<typeof Said> {
  readonly kind: LifecycleKind;
}

async function faultsOf(ctx: Context, shop: string, { name, kind, days, push }: Facts) {
  if (kind === "BIRTHDAY" && days !== 0)
    return refuse.invalid([{ path: "days", message: "a birthday is on its day: 0" }]);
  return unfitPush(ctx, shop, draftOfPush(ctx, { name, push, filter: { level: { gte: 0 } } }));
}
