import type { Redis } from "@upstash/redis";
import { sql } from "drizzle-orm";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { writePage } from "../../src/campaign/run/page.ts";
import { planStep } from "../../src/campaign/run/plan.ts";
import { startRun } from "../../src/campaign/run/start.ts";
import { campaignSettings } from "../../src/campaign/settings.ts";
import type { Context, MemberContext } from "../../src/context.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { isRefusal } from "../../src/errors.ts";
import type { Ledger } from "./light.ts";
import { accepted, addCampaign, runOfCampaign } from "./shop.ts";

/** What happens to the process that writes a page. */
export interface Fate {
  /** Between what it takes and its commit; what is thrown here ends it. */
  before?(): unknown;
  /** Between its commit and what it tells of it. */
  after?(): unknown;
  /** No script of it is run any more once its commit is done. */
  readonly isDeafAfter?: boolean;
}

/** A run that gives coupons of a template to every member, page by page as a test says. */
export interface PagedRun {
  readonly run: number;
  readonly pages: number;
  /** Writes one page, as a delivery of its message does. */
  write(page: number, fate?: Fate): Promise<void>;
}

/** Launches the run and plans its pages; nothing is written yet. */
export async function planned({ ctx: root }: Ledger, template: number, pageSize: number): Promise<PagedRun> {
  const slices = { ...root.settings.slices, campaign: { ...campaignSettings.of(root), pageSize } };
  const ctx: Context = { ...root, settings: { ...root.settings, slices } };
  const campaign = await addCampaign(ctx, { kind: "COUPON_ISSUE", couponTemplate: template, channels: [] });
  accepted(await launchCampaign(ctx, { id: campaign }));
  const run = await runOfCampaign(ctx.db, campaign);
  await startRun(ctx, { run });
  await planStep(ctx, { run, from: 0 });
  const row = await ctx.db.first<{ pages: number }>(sql`SELECT pages FROM run WHERE id = ${run}`);
  return {
    run,
    pages: row?.pages ?? 0,
    write: (page, fate = {}) => writePage(fated(ctx, fate), { run, page }),
  };
}

function fated(ctx: Context, { before, after, isDeafAfter = false }: Fate): Context {
  let isDead = false;
  const scripts = (redis: Redis): Redis =>
    new Proxy(redis, {
      get: (target, key) => {
        const value = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        if (key !== "evalsha" && key !== "eval") return value.bind(target);
        return (...args: unknown[]) => (isDead ? Promise.reject(new Error("dead")) : value.apply(target, args));
      },
    });
  const write: Context["db"]["write"] = async (queries) => {
    await before?.();
    const results = await ctx.db.write(queries);
    isDead = isDeafAfter;
    await after?.();
    return results;
  };
  return { ...ctx, db: { ...ctx.db, write }, redis: ctx.redis && scripts(ctx.redis) };
}

/** A member claims once; the code of the refusal, or CLAIMED. */
export async function claimAs({ ctx }: Ledger, template: number, seq: number): Promise<string> {
  const member: MemberContext = { ...ctx, actor: { kind: "member", seq, id: `m_${seq}` } };
  const answer = await claimCoupon(member, { template, idempotencyKey: `${template}` });
  return isRefusal(answer) ? answer.code : "CLAIMED";
}
