import { eq, sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import { type Context, withTransaction } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { enqueue } from "../../queue/outbox.ts";
import { auditTransition } from "../../transition/audit.ts";
import { codesFlow, couponPool } from "../messages.ts";
import { findPool } from "./pool.ts";
import { type PoolState, poolTable } from "./pool-table.ts";

interface Command {
  readonly id: number;
}

/**
 * Stops filling a pool until it is resumed. Codes that it has stay good. Of an upload whoever sends the file is the one
 * that stops.
 */
export const pauseCodePool = (ctx: Context, { id }: Command) =>
  transitionPool(ctx, id, { from: ["FILLING"], to: "PAUSED", generatedOnly: true });

/** Goes on filling a pool that was paused, or that the queue had given up. */
export const resumeCodePool = (ctx: Context, { id }: Command) =>
  transitionPool(ctx, id, { from: ["PAUSED", "FAILED"], to: "FILLING", generatedOnly: true });

/** Ends the filling of a pool for good. Codes that it has stay good: some may be printed already. */
export const cancelCodePool = (ctx: Context, { id }: Command) =>
  transitionPool(ctx, id, { from: ["FILLING", "PAUSED", "FAILED"], to: "CANCELLED", generatedOnly: false });

interface PoolTransition {
  readonly from: readonly PoolState[];
  readonly to: PoolState;
  readonly generatedOnly: boolean;
}

function transitionPool(ctx: Context, id: number, { from, to, generatedOnly }: PoolTransition) {
  return withTransaction(ctx, async (tx) => {
    const pool = await findPool(tx, id);
    if (isRefusal(pool)) return pool;
    if (generatedOnly && pool.source !== "GENERATED") {
      return refuse.wrongState("An upload goes on when the same file is sent again.", pool.state);
    }
    if (!from.includes(pool.state)) {
      return refuse.wrongState(`This pool is ${pool.state}; it must be ${from.join(" or ")}.`, pool.state);
    }
    const now = tx.clock();
    const since = to === "FILLING" ? { sinceAt: now, sinceMade: pool.made } : {};
    const changed = { ...since, state: to, updatedAt: now };
    await tx.db.write([auditTransition(tx, { noun: "code-pool", table: sql`code_pool`, where: sql`id = ${id}`, to })]);
    await tx.db.orm.update(poolTable).set(changed).where(eq(poolTable.id, id));
    if (to === "FILLING") {
      await tx.db.write([enqueue(tx, [couponPool.of({ pool: id, from: pool.made }, { flow: codesFlow })])]);
    }
    ctx.log("info", "pool.moved", { pool: id, result: to, actor: describeActor(ctx.actor) });
    return { ...pool, ...changed };
  });
}
