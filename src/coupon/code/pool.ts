import { and, asc, desc, eq, inArray, lt, sql } from "drizzle-orm";
import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { inOrder } from "../../db/in-order.ts";
import { refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { enqueue } from "../../queue/outbox.ts";
import { isOfShop } from "../../shop.ts";
import { auditOperator, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { codesFlow, couponPool } from "../messages.ts";
import { stockToBe } from "../template/exposure.ts";
import { refuseToRaise } from "../template/second-person.ts";
import { findTemplate, isReachable } from "../template/template.ts";
import { type CodeFault, type CodePool, poolExportTable, poolFaultTable, poolTable } from "./pool-table.ts";

/** Codes that one pool may be told to have. */
export const maxCodes = 10_000_000;

export interface CodePoolDraft {
  readonly template: number;
  /** How many codes, 1 to {@link maxCodes}. */
  readonly wanted: number;
  /** The operator's name for this one pool, 1–200 characters. */
  readonly idempotencyKey: string;
}

/**
 * Begins to fill a pool of new codes for a template; the stock follows, step by step. A template may have several
 * pools. Refuses a number that cannot be, templates that take no pool, and (NEEDS_APPROVAL) more codes than one person
 * may add to a live one.
 */
export function createCodePool(ctx: Context, { idempotencyKey, ...draft }: CodePoolDraft) {
  const { template, wanted } = draft;
  return once(ctx, {
    key: idempotencyKey,
    input: { createCodePool: draft },
    check: async () => {
      if (Number.isInteger(wanted) && wanted >= 1 && wanted <= maxCodes) return takesNoPool(ctx, template);
      return refuse.invalid([{ path: "wanted", message: `must be between 1 and ${maxCodes}` }]);
    },
    work: async (tx) => {
      const raised = await refuseCodes(tx, template, wanted);
      if (raised) return raised;
      const pool = await insertPool(tx, { template, source: "GENERATED", wanted });
      await tx.db.write([enqueue(tx, [couponPool.of({ pool: pool.id, from: 0 }, { flow: codesFlow })])]);
      ctx.log("info", "pool.created", { pool: pool.id, count: wanted, actor: pool.createdBy });
      return pool;
    },
  });
}

/** Refuses more codes for a live template than one person may add, those of its pools counted. */
export async function refuseCodes(ctx: Context, id: number, more: number) {
  const template = await findTemplate(ctx, id);
  if (!template) return refuse.notFound("coupon template", id);
  return refuseToRaise(ctx, template, { stock: ((await stockToBe(ctx, template)) ?? 0) + more });
}

/** Why a template takes no pool, if it does not. */
export async function takesNoPool(ctx: Context, id: number) {
  const template = await findTemplate(ctx, id);
  if (!template) return refuse.notFound("coupon template", id);
  if (template.codeMode !== "POOL") {
    return refuse.invalid([{ path: "templateId", message: "this template's code mode is not POOL" }]);
  }
  if (template.recurrence !== null) {
    return refuse.invalid([{ path: "templateId", message: "what recurs has no pool: each occurrence is of its own" }]);
  }
  if (template.state === "ENDED" || template.state === "WITHDRAWN") {
    return refuse.wrongState("Nothing of this template is given any more.", template.state);
  }
  return undefined;
}

/** Writes a pool down that begins to fill now. */
export async function insertPool(
  ctx: Context,
  facts: Pick<
    typeof poolTable.$inferInsert,
    "template" | "source" | "wanted" | "file" | "digest" | "encoding" | "encodingGuessed"
  >,
): Promise<CodePool> {
  const now = ctx.clock();
  const begun = { state: "FILLING", sinceAt: now, createdAt: now, updatedAt: now } as const;
  const [pool] = await ctx.db.orm
    .insert(poolTable)
    .values({ ...facts, ...begun, createdBy: describeActor(ctx.actor) })
    .returning();
  if (!pool) throw new Error("the insert answered no pool");
  const { id, template, source, wanted } = pool;
  await ctx.db.write([
    revise(ctx, subjectOf("coupon-template", template), ["codes"]),
    ...auditOperator(
      ctx,
      subjectOf("code-pool", id),
      source === "UPLOADED" ? "began an upload" : `began ${wanted} codes`,
    ),
    ...auditOperator(ctx, subjectOf("coupon-template", template), `began code pool ${id}`),
  ]);
  return pool;
}

/**
 * The pools of these ids in the order asked, with `undefined` for those that are not there, or whose templates are not
 * in the reach of the actor.
 */
export async function poolsById(ctx: Context, ids: readonly number[]): Promise<(CodePool | undefined)[]> {
  const found = await ctx.db.orm
    .select()
    .from(poolTable)
    .where(and(inArray(poolTable.id, [...ids]), inReachOf(ctx)));
  return inOrder(ids, found);
}

const inReachOf = (ctx: Context) => isReachable(ctx, sql`code_pool.template`);

export async function findPool(ctx: Context, id: number) {
  return (await poolsById(ctx, [id]))[0] ?? refuse.notFound("code pool", id);
}

interface PoolFilter {
  readonly template?: number | undefined;
  /** That their templates belong to. */
  readonly shop?: string | undefined;
}

/** A page of pools, of one template or shop or of all, the newest first. */
export function listPools(
  ctx: Context,
  { template, shop, ...page }: PoolFilter & { readonly after?: number | undefined; readonly limit: number },
): Promise<CodePool[]> {
  const ofTemplate = sql`(SELECT t.shop FROM coupon_template t WHERE t.id = code_pool.template)`;
  return ctx.db.orm
    .select()
    .from(poolTable)
    .where(
      and(
        template === undefined ? undefined : eq(poolTable.template, template),
        isOfShop(shop, ofTemplate),
        lt(poolTable.id, page.after ?? Number.MAX_SAFE_INTEGER),
        inReachOf(ctx),
      ),
    )
    .orderBy(desc(poolTable.id))
    .limit(page.limit);
}

/** How many rows that gave no code are kept of a file; all are counted. */
export const keptFaults = 1_000;

/** A row of a file that gave no code. */
export interface CodeRowFault {
  /** From 1, a header counted. */
  readonly line: number;
  readonly reason: CodeFault;
}

/** The first rows of a pool's file that gave no code. */
export function poolFaults(ctx: Context, pool: number, limit = keptFaults): Promise<CodeRowFault[]> {
  const { id, line, reason } = poolFaultTable;
  return ctx.db.orm
    .select({ line, reason })
    .from(poolFaultTable)
    .where(eq(poolFaultTable.pool, pool))
    .orderBy(asc(id))
    .limit(Math.max(0, Math.min(limit, keptFaults)));
}

export type PoolExport = typeof poolExportTable.$inferSelect;

/** Who took a pool's codes out, the newest first, at most 200. */
export function poolExports(ctx: Context, pool: number): Promise<PoolExport[]> {
  return ctx.db.orm
    .select()
    .from(poolExportTable)
    .where(eq(poolExportTable.pool, pool))
    .orderBy(desc(poolExportTable.id))
    .limit(200);
}
