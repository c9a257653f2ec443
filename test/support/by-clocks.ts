import { sql } from "drizzle-orm";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import type { CampaignDraft } from "../../src/campaign/draft/campaign.ts";
import { campaignSettings } from "../../src/campaign/settings.ts";
import { stalled } from "../../src/campaign/stalled.ts";
import { byChannel, externalNames } from "../../src/channels/catalog.ts";
import type { Context } from "../../src/context.ts";
import { campaignJobs } from "../../src/jobs/campaign.ts";
import type { JobContext } from "../../src/jobs/job.ts";
import type { MaybePromise } from "../../src/maybe-promise.ts";
import { enqueue } from "../../src/queue/outbox.ts";
import type { Ledger } from "./light.ts";
import { accepted, addCampaign, runOfCampaign } from "./shop.ts";

/** What becomes of a message. */
export type Fate = () => MaybePromise<"once" | "twice" | "lost">;

/** Where members live; empty: they say nothing of it. */
export type Homes = Readonly<Record<string, number>>;

/** A ledger whose clock stands where a test says, and whose queue delivers when it is told. */
export interface Earth {
  readonly ctx: Context;
  /** The clock says this from now on. */
  set(at: number): void;
  /** Adds so many members in each zone. */
  settle(homes: Homes): Promise<void>;
  moves(member: number, zone: string | null): Promise<void>;
  launch(draft?: Partial<CampaignDraft>): Promise<number>;
  /** Delivers what is due, and what comes of it; `how` may lose a message or deliver it twice. */
  deliver(how?: Fate): Promise<void>;
  /** Moves the clock on to the next message, up to a moment, and delivers; sweeps where some were lost. */
  until(end: number, how?: Fate): Promise<void>;
  /** The minute's sweep: what stands still gets a message again. */
  sweep(): Promise<void>;
}

interface Waiting {
  readonly seq: number;
  readonly name: string;
  readonly payload: string;
  readonly at: number;
}

export function earthOf(ledger: Ledger, { now, pageSize = 10 }: { now: number; pageSize?: number }): Earth {
  let clock = now;
  const slices = { ...ledger.ctx.settings.slices };
  slices.campaign = { ...campaignSettings.of(ledger.ctx), pageSize } as (typeof slices)[string];
  const ctx: Context = {
    ...ledger.ctx,
    clock: () => clock,
    settings: {
      ...ledger.ctx.settings,
      slices,
      limits: byChannel(externalNames, () => ({ batch: 10, parallelism: 1 })),
    },
  };
  const jobs = new Map(campaignJobs.map((job) => [job.name, job]));
  let delivered = 0;
  let lost = false;
  const waiting: Waiting[] = [];
  const take = async () => {
    const found = await ctx.db.all<Waiting>(sql`
      SELECT seq, name, payload, coalesce(not_before, 0) AS at FROM outbox
      WHERE seq > ${delivered} AND name LIKE 'campaign-%' ORDER BY seq`);
    waiting.push(...found);
    delivered = Math.max(delivered, ...found.map(({ seq }) => seq));
  };
  const run = async ({ name, payload }: Waiting) => {
    await jobs.get(name)?.run(ctx as JobContext, JSON.parse(payload));
  };
  const earth: Earth = {
    ctx,
    set: (at) => {
      clock = at;
    },
    async settle(homes) {
      for (const [zone, n] of Object.entries(homes)) {
        const before = await ctx.db.first<{ seq: number }>(sql`SELECT coalesce(max(seq), 0) AS seq FROM member`);
        await ledger.members(n);
        await ctx.db.write([sql`UPDATE member SET time_zone = nullif(${zone}, '') WHERE seq > ${before?.seq ?? 0}`]);
      }
    },
    async moves(member, zone) {
      await ctx.db.write([sql`UPDATE member SET time_zone = ${zone} WHERE seq = ${member}`]);
    },
    async launch(draft = {}) {
      const id = await addCampaign(ctx, { channels: ["IN_APP"], localTime: { passed: "NOW" }, ...draft });
      accepted(await launchCampaign(ctx, { id }));
      return draft.schedule ? id : runOfCampaign(ctx.db, id);
    },
    async deliver(how = () => "once") {
      for (let n = 0; ; n++) {
        await take();
        const i = waiting.findIndex(({ at }) => at <= clock);
        const [message] = i < 0 ? [] : waiting.splice(i, 1);
        if (!message) return;
        const fate = await how();
        if (fate === "lost") lost = true;
        else await run(message);
        if (fate === "twice") waiting.push({ ...message, at: clock });
        if (n > 10_000) throw new Error(`messages without end, the last one ${message.name} ${message.payload}`);
      }
    },
    async until(end, how) {
      for (;;) {
        await earth.deliver(how);
        const next = Math.min(...waiting.map(({ at }) => at), lost ? clock + 60_000 : end + 1);
        if (lost) await earth.sweep();
        lost = false;
        if (next > end) break;
        clock = Math.max(clock, next);
      }
      clock = end;
    },
    async sweep() {
      await take();
      const known = new Set(waiting.map(({ payload, name }) => `${name} ${payload}`));
      const needed = await stalled(ctx, { before: clock + 1, limit: 500 });
      const lost = needed.filter(({ name, payload }) => !known.has(`${name} ${JSON.stringify(payload)}`));
      await ctx.db.write([enqueue(ctx, lost)]);
    },
  };
  return earth;
}
