import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { campaignVersion } from "../../src/campaign/approval/version.ts";
import { updateCampaign } from "../../src/campaign/control/edit.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { returnToDraft } from "../../src/campaign/control/return.ts";
import { approveCampaign, submitCampaign } from "../../src/campaign/control/review.ts";
import { findCampaign } from "../../src/campaign/draft/campaign.ts";
import { writePage } from "../../src/campaign/run/page.ts";
import { planStep } from "../../src/campaign/run/plan.ts";
import { startRun } from "../../src/campaign/run/start.ts";
import type { Context } from "../../src/context.ts";
import { isRefusal } from "../../src/errors.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, type Ledger, openLedger } from "../support/light.ts";
import { approvingAbove, as } from "../support/persons.ts";
import { accepted, addCampaign } from "../support/shop.ts";

/*
 * Editing and taking back against the start of a run, which the queue may ask for many times and whose server may die
 * between any two steps: either the edit was refused, or members read all of it.
 */

afterAll(closeLedgers);

/** What the n-th edit says: everything at once, so that a mix is seen. */
const words = (n: number) => ({
  topic: `t${n}`,
  endsAt: 5_000_000_000_000 + n,
  content: { IN_APP: { default: { title: "Sale", body: `n${n}` } } },
});

/** The same shop, each of whose writes waits for its turn first. A server that died waits for ever. */
function halting(ctx: Context, turn: () => Promise<unknown>): Context {
  const { db } = ctx;
  return {
    ...ctx,
    db: {
      orm: db.orm,
      all: (query) => db.all(query),
      first: (query) => db.first(query),
      write: async (queries) => {
        await turn();
        return db.write(queries);
      },
      transaction: async (work) => {
        await turn();
        return db.transaction(work);
      },
    },
  };
}

/** Lets others read so many times first. */
async function readsOf({ db }: Context, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await db.first(sql`SELECT 1`);
}

/** A shop in which no time passes, so that none tells what came before from what came after. */
async function openStill(): Promise<Ledger> {
  const shop = await openLedger();
  await shop.members(3);
  const now = shop.ctx.clock();
  return { ...shop, ctx: { ...shop.ctx, clock: () => now } };
}

async function launched(shop: Ledger): Promise<number> {
  const id = await addCampaign(shop.ctx, { channels: ["IN_APP"], ...words(0) });
  accepted(await launchCampaign(shop.ctx, { id }));
  return id;
}

/** The messages that ask for the start of the runs of a campaign, also of those that are gone. */
const starts = ({ ctx }: Ledger, after: number) =>
  ctx.db.all<{ seq: number; run: number }>(sql`
    SELECT seq, payload ->> 'run' AS run FROM outbox WHERE name = 'campaign-start' AND seq > ${after} ORDER BY seq`);

/** What the runs of a campaign were begun with. */
const begun = ({ ctx }: Ledger, campaign: number) =>
  ctx.db.all<{ id: number; topic: string; ends: number; body: string }>(sql`
    SELECT id, frozen ->> '$.topic' AS topic, frozen ->> '$.endsAt' AS ends,
      content ->> '$.IN_APP.default.body' AS body
    FROM run WHERE campaign = ${campaign} AND frozen IS NOT NULL`);

const frozenOf = (n: number, id: number) => ({ id, topic: `t${n}`, ends: 5_000_000_000_000 + n, body: `n${n}` });

test("an edit that commits while a start has read the old words: the new ones are sent", async () => {
  const shop = await openStill();
  const id = await launched(shop);
  const [first] = await starts(shop, 0);
  const edited = () => updateCampaign(shop.ctx, { id, draft: words(1) });
  await startRun(
    halting(shop.ctx, async () => accepted(await edited())),
    { run: first!.run },
  );
  expect(await begun(shop, id)).toEqual([]);
  const [second] = await starts(shop, first!.seq);
  await startRun(shop.ctx, { run: second!.run });
  expect(await begun(shop, id)).toEqual([frozenOf(1, second!.run)]);
});

test("a start that commits while an edit was checked, or a return: it has begun, and they are refused", async () => {
  const shop = await openStill();
  for (const late of [
    (ctx: Context, id: number) => updateCampaign(ctx, { id, draft: words(1) }),
    (ctx: Context, id: number) => returnToDraft(ctx, { id }),
  ]) {
    const id = await launched(shop);
    const [message] = (await starts(shop, 0)).slice(-1);
    const ctx = halting(shop.ctx, () => startRun(shop.ctx, { run: message!.run }));
    expect(await late(ctx, id)).toMatchObject({ code: "WRONG_STATE", currentState: "ACTIVE" });
    expect(await begun(shop, id)).toEqual([frozenOf(0, message!.run)]);
    expect(await findCampaign(shop.ctx, id)).toMatchObject({ state: "ACTIVE", topic: "t0" });
  }
});

test("an edit while it is approved: what was not approved is not launched, and the edit is kept", async () => {
  const shop = await openStill();
  const ctx = approvingAbove(shop.ctx, 2);
  const [kim, ada] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2)];
  const after = (who: Context, reads: number) => halting(who, () => readsOf(shop.ctx, reads));
  const heard: string[] = [];
  for (let n = 0; n < 5; n++) {
    const id = await addCampaign(kim, { channels: ["IN_APP"], ...words(0) });
    const { frozen } = accepted(await submitCampaign(kim, { id, launchWhenApproved: true }));
    expect(frozen?.members).toBe(3);
    const version = await campaignVersion(ada, (await findCampaign(ada, id))!);
    const [edited, approved] = await Promise.all([
      updateCampaign(after(kim, 8 * n), { id, draft: words(1) }),
      approveCampaign(after(ada, 32 - 8 * n), { id, version }),
    ]);
    heard.push(isRefusal(approved) ? approved.code : approved.state);
    expect(accepted(edited)).toMatchObject({ state: "IN_REVIEW", topic: "t1", approver: null });
    expect(await findCampaign(kim, id)).toEqual(accepted(edited));
    for (const message of await starts(shop, 0)) await startRun(shop.ctx, message);
    expect(await begun(shop, id)).toEqual([]);
  }
  expect([...new Set(heard)].sort()).toEqual(["ACTIVE", "CONFLICT"]);
});

const kinds = fc.oneof(
  { weight: 5, arbitrary: fc.constant("deliver" as const) },
  { weight: 2, arbitrary: fc.constant("die" as const) },
  { weight: 4, arbitrary: fc.constant("edit" as const) },
  { weight: 1, arbitrary: fc.constant("return" as const) },
  { weight: 2, arbitrary: fc.constant("launch" as const) },
);
/** Each write of a deed waits for as many reads of others. */
const deeds = fc.array(fc.record({ kind: kinds, waits: fc.nat(40) }), { minLength: 3, maxLength: 14, size: "max" });

test("edits, returns, launches, repeated starts and servers that die: one run, of one wording", async () => {
  const shop = await openStill();
  const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  let cursor = 0;
  const property = fc.asyncProperty(deeds, async (list) => {
    const id = await launched(shop);
    const queue: { seq: number; run: number }[] = [];
    const collect = async () => {
      for (const message of await starts(shop, cursor)) {
        cursor = message.seq;
        queue.push(message);
      }
    };
    const does = {
      // A delivery that ends is acknowledged; one whose server died before it wrote is not.
      deliver: async (ctx: Context) => {
        await collect();
        const message = queue[0];
        if (!message) return;
        await startRun(ctx, message);
        const at = queue.indexOf(message);
        if (at >= 0) queue.splice(at, 1);
      },
      die: async () => {
        await collect();
        const message = queue[0];
        if (message)
          void startRun(
            halting(shop.ctx, () => new Promise(() => {})),
            message,
          );
      },
      edit: (ctx: Context, n: number) => updateCampaign(ctx, { id, draft: words(n) }),
      return: (ctx: Context) => returnToDraft(ctx, { id }),
      launch: (ctx: Context) => launchCampaign(ctx, { id }),
    };
    await Promise.all(
      list.map(({ kind, waits }, i) =>
        does[kind](
          halting(shop.ctx, () => readsOf(shop.ctx, waits)),
          i + 1,
        ),
      ),
    );
    for (await collect(); queue.length > 0; await collect()) await startRun(shop.ctx, queue.shift()!);
    const campaign = await findCampaign(shop.ctx, id);
    const runs = await begun(shop, id);
    // Launched, it has begun, for nothing of what could begin it was lost; taken back, it has not, and nothing is left.
    expect(runs).toHaveLength(campaign?.state === "ACTIVE" ? 1 : 0);
    expect(await shop.ctx.db.all(sql`SELECT 1 FROM run WHERE campaign = ${id} AND frozen IS NULL`)).toEqual([]);
    for (const run of runs) {
      expect(run).toEqual(frozenOf(Number(campaign?.topic.slice(1)), run.id));
      await planStep(shop.ctx, { run: run.id, from: 0 });
      await writePage(shop.ctx, { run: run.id, page: 0 });
      const told = await shop.ctx.db.all(sql`SELECT count(*) AS n FROM inbox WHERE run = ${run.id}`);
      expect(told).toEqual([{ n: 3 }]);
    }
  });
  const numRuns = Number(Bun.env.RUNS ?? counted(4, 60));
  await fc.assert(property, { seed, numRuns, endOnFailure: !Bun.env.SHRINK });
}, 120_000);
