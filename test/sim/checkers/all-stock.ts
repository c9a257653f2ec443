import { sql } from "drizzle-orm";
import type { Context } from "../../../src/context.ts";
import type { Checker } from "../actor.ts";
import type { World } from "../world/world.ts";
import { drive } from "./drive.ts";

interface Open {
  readonly id: number;
  readonly left: number;
}

/** So many templates are emptied; the others are no different. */
const mostEmptied = 3;

/** In the end every unit can be had: newcomers claim until nothing is left, and get exactly what there was. */
export const allStock: Checker = {
  name: "I4 all stock",
  async atEnd(world) {
    const { ctx } = world;
    if (!ctx) return [];
    const faults = await gateFaults(world, ctx);
    for (const template of await openTemplates(world, ctx)) faults.push(...(await empty(world, template)));
    return faults;
  },
};

/** What a gate lets in is what the database has left, once it was reconciled. */
async function gateFaults(world: World, ctx: Context): Promise<string[]> {
  const gated = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM coupon_template
    WHERE stock IS NOT NULL AND recurrence IS NULL AND issue_mode <> 'CODE' AND state IN ('ACTIVE', 'SOLD_OUT')
      AND (closes_at IS NULL OR closes_at > ${world.now()})`);
  const query = "query ($id: ID!) { couponConservation(templateId: $id) { remaining gateRemaining gatePending } }";
  const faults: string[] = [];
  for (const { id } of gated) {
    const answer = await drive(world, world.admin.ask(query, { id: btoa(`CouponTemplate:${id}`) }));
    if (answer.kind !== "data") return [`couponConservation of ${id}: ${JSON.stringify(answer)}`];
    const { remaining, gateRemaining, gatePending } = answer.data.couponConservation ?? {};
    if (gateRemaining !== null && gateRemaining !== remaining)
      faults.push(`the gate of template ${id} lets ${gateRemaining} in, ${remaining} are left`);
    if (gatePending !== null && Number(gatePending) !== 0)
      faults.push(`the gate of template ${id} waits for ${gatePending} that nobody claims any more`);
  }
  return faults;
}

function openTemplates(world: World, ctx: Context): Promise<Open[]> {
  const now = world.now();
  return ctx.db.all<Open>(sql`
    SELECT id, stock - issued AS left FROM coupon_template
    WHERE state IN ('ACTIVE', 'SOLD_OUT') AND issue_mode = 'SELF_CLAIM' AND recurrence IS NULL AND budget IS NULL
      AND eligibility IS NULL AND stock - issued BETWEEN 0 AND 70 AND coalesce(opens_at, 0) <= ${now}
      AND NOT coalesce(closes_at < ${now} + 300000, 0) AND NOT coalesce(valid_to < ${now} + 300000, 0)
    ORDER BY id DESC LIMIT ${mostEmptied}`);
}

async function empty(world: World, { id, left }: Open): Promise<string[]> {
  const newcomers = Array.from({ length: left + 3 }, (_, n) => `new ${id}.${n}`);
  const members = newcomers.map((externalId) => ({ externalId }));
  await drive(world, world.admin.does("upsertMembers", { members }, "MemberUpserts { __typename }"));
  const input = { templateId: btoa(`CouponTemplate:${id}`), idempotencyKey: "last" };
  const claims = newcomers.map((externalId) => world.member(externalId).does("claimCoupon", input, "Coupon { id }"));
  const answers = await drive(world, Promise.all(claims));
  const given = answers.filter(({ kind }) => kind === "data").length;
  const why = answers.map((answer) => (answer.kind === "refused" ? answer.refusal : answer.kind));
  return given === left
    ? []
    : [`of the ${left} that template ${id} had left ${given} could be had: ${[...new Set(why)]}`];
}
