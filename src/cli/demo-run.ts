import { sql } from "drizzle-orm";
import type { App } from "../app.ts";
import { createAndEnable } from "../campaign/announcement/create.ts";
import type { Context } from "../context.ts";
import { isRefusal } from "../errors.ts";
import type { PromotionDraft } from "../promotion/promotion.ts";
import { addSampleMembers } from "./demo-members.ts";
import { count, progressBar } from "./progress.ts";

/** What `--json` prints. The counts are of member × channel. */
export interface DemoSummary {
  readonly members: number;
  readonly matched: number;
  readonly sent: number;
  readonly skipped: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly unknown: number;
  /** Deliveries beyond the first of a member and channel, by the sandbox's own log and the inbox. */
  readonly duplicates: number;
  /** Messages that the queue took. */
  readonly messages: number;
  /** Matched per second, from the launch to the last send. */
  readonly perSecond: number;
  readonly peakRssMiB: number;
  readonly seconds: number;
}

export interface TallyRow {
  readonly channel: string;
  readonly state: string;
  readonly reason: string;
  readonly n: number;
}

export interface DemoOutcome {
  readonly summary: DemoSummary;
  readonly tally: readonly TallyRow[];
}

const announcement = { channels: ["IN_APP", "EMAIL"] } as const;
const weekMs = 7 * 24 * 3_600_000;

/** Two tiers, for a week; what is said of it is the house's own text, in each member's language, money and zone. */
function springSale(now: number): PromotionDraft {
  return {
    name: "Spring sale",
    currency: "EUR",
    startsAt: now,
    endsAt: now + weekMs,
    activeUrl: "https://shop.example/spring",
    rule: {
      kind: "FULL_REDUCTION",
      tiers: [
        { spend: 20_000, off: 3_000 },
        { spend: 50_000, off: 10_000 },
      ],
    },
  };
}

/** Adds the members, enables a promotion, which announces it to all of them, and watches until that run has ended. */
export async function runPromotion(app: App, members: number): Promise<DemoOutcome> {
  await addSampleMembers(app.ctx, members, progressBar("members  ", false));
  const ctx: Context = {
    ...app.ctx,
    actor: { kind: "operator", id: 0, operator: 0, shop: "", name: "demo", role: "admin" },
  };
  const began = performance.now();
  const promotion = await createAndEnable(ctx, { draft: springSale(ctx.clock()), enabled: true, announcement });
  if (isRefusal(promotion)) throw new Error(promotion.message);
  const announced = await ctx.db.first<{ id: number }>(
    sql`SELECT id FROM campaign WHERE promotion = ${promotion.id} ORDER BY id DESC`,
  );
  if (!announced) throw new Error("enabling the promotion announced nothing");
  await watch(ctx, announced.id, 2 * members);
  return outcomeOf(app, announced.id, members, (performance.now() - began) / 1000);
}

const terminal = ["SENT", "SKIPPED", "FAILED", "CANCELLED", "UNKNOWN"];

async function watch(ctx: Context, campaign: number, total: number): Promise<void> {
  const bar = progressBar("promotion", false);
  for (;;) {
    const run = await ctx.db.first<{ id: number; state: string }>(
      sql`SELECT id, state FROM run WHERE campaign = ${campaign}`,
    );
    const rows = await tallyOf(ctx, campaign);
    const done = sum(rows.filter(({ state }) => terminal.includes(state)));
    bar.show(done, total, `${count(sum(rows.filter(({ state }) => state === "SENT")))} sent`);
    if (run && !["PENDING", "RUNNING"].includes(run.state)) break;
    await Bun.sleep(50);
  }
  bar.end();
}

function tallyOf(ctx: Context, campaign: number): Promise<TallyRow[]> {
  return ctx.db.all<TallyRow>(sql`
    SELECT t.channel, t.state, t.reason, t.n FROM tally t JOIN run r ON r.id = t.run
    WHERE r.campaign = ${campaign} AND t.n > 0`);
}

async function outcomeOf(app: App, campaign: number, members: number, seconds: number): Promise<DemoOutcome> {
  const tally = await tallyOf(app.ctx, campaign);
  const of = (state: string) => sum(tally.filter((row) => row.state === state));
  const published = await app.ctx.db.first<{ n: number }>(
    sql`SELECT count(*) AS n FROM outbox WHERE published_at IS NOT NULL`,
  );
  const matched = await app.ctx.db.first<{ n: number }>(sql`
    SELECT sum(matched * json_array_length(frozen, '$.channels')) AS n FROM run WHERE campaign = ${campaign}`);
  const summary = {
    members,
    matched: matched?.n ?? 0,
    sent: of("SENT"),
    skipped: of("SKIPPED"),
    failed: of("FAILED"),
    cancelled: of("CANCELLED"),
    unknown: of("UNKNOWN"),
    duplicates: app.channels.sandbox.duplicates(),
    messages: published?.n ?? 0,
    perSecond: Math.round((matched?.n ?? 0) / seconds),
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    seconds: Number(seconds.toFixed(2)),
  };
  return { summary, tally };
}

function sum(rows: readonly { readonly n: number }[]): number {
  return rows.reduce((total, { n }) => total + n, 0);
}
