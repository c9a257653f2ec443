import { sql } from "drizzle-orm";
import { z } from "zod";
import type { Context, Settings } from "../../context.ts";
import { CouponOffer } from "../action/coupon-offer.ts";
import { Content } from "../content/content.ts";
import { ledgerChannels } from "../ledger/channel.ts";
import { Predicate } from "../predicate.ts";

export const runStates = ["PENDING", "RUNNING", "PAUSED", "COMPLETED", "CANCELLING", "CANCELLED", "FAILED"] as const;
export type RunState = (typeof runStates)[number];

export const sendStates = ["PENDING", "SENDING", "SENT", "FAILED", "SKIPPED", "CANCELLED", "UNKNOWN"] as const;
export type SendState = (typeof sendStates)[number];

/** What starting a run freezes, so that nothing that changes later changes whom it reaches. */
export const FrozenRun = z.object({
  /** The predicate over member `m`, compiled. */
  audience: Predicate,
  /** Members who arrived later are not in it. */
  maxSeq: z.int(),
  asOf: z.int(),
  /** In order of preference; where coupons are given, those come first. */
  channels: z.array(z.enum(ledgerChannels)).min(1),
  reach: z.enum(["EACH", "FIRST_REACHABLE"]),
  topic: z.string(),
  transactional: z.boolean(),
  popupPriority: z.int(),
  endsAt: z.int().nullable(),
  /** What it gives or invites to claim; null for an announcement. */
  coupon: CouponOffer.nullable().default(null),
});
export type FrozenRun = z.infer<typeof FrozenRun>;

const frozenByApp = new WeakMap<Settings, Map<number, Promise<FrozenRun>>>();
const contentByApp = new WeakMap<Settings, Map<number, Promise<Content>>>();

/** The frozen facts of a started run; read once a process, for they never change. */
export function frozenRun(ctx: Context, run: number): Promise<FrozenRun> {
  return remembered(frozenByApp, ctx.settings, run, async () => {
    const row = await ctx.db.first<{ frozen: string | null }>(sql`SELECT frozen FROM run WHERE id = ${run}`);
    if (!row?.frozen) throw new Error(`run ${run} has not been started`);
    return FrozenRun.parse(JSON.parse(row.frozen));
  });
}

/** The content of a started run, as it was then. */
export function frozenContent(ctx: Context, run: number): Promise<Content> {
  return remembered(contentByApp, ctx.settings, run, async () => {
    const row = await ctx.db.first<{ content: string | null }>(sql`SELECT content FROM run WHERE id = ${run}`);
    if (!row?.content) throw new Error(`run ${run} has not been started`);
    return Content.parse(JSON.parse(row.content));
  });
}

/** Runs remembered a process at most; the oldest is forgotten first. */
const rememberedRuns = 200;

/** What never changes of a run, loaded once a process and application. */
export function remembered<T>(
  byApp: WeakMap<Settings, Map<number, Promise<T>>>,
  app: Settings,
  run: number,
  load: () => Promise<T>,
): Promise<T> {
  const known = byApp.get(app) ?? new Map<number, Promise<T>>();
  byApp.set(app, known);
  const hit = known.get(run);
  if (hit) return hit;
  const loading = load();
  known.set(run, loading);
  loading.catch(() => known.delete(run));
  for (const oldest of known.keys()) {
    if (known.size <= rememberedRuns) break;
    known.delete(oldest);
  }
  return loading;
}
