import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { type CapsPolicy, setCapsPolicy } from "../../../src/campaign/caps/policy.ts";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { freezeBatch } from "../../../src/campaign/delivery/freeze.ts";
import { writePage } from "../../../src/campaign/run/page.ts";
import { planStep } from "../../../src/campaign/run/plan.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import { campaignSettings } from "../../../src/campaign/settings.ts";
import { byChannel, type ChannelName, externalNames } from "../../../src/channels/catalog.ts";
import type { Context } from "../../../src/context.ts";
import { compile, type Query } from "../../../src/db/statement.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { overheard } from "../../support/overheard.ts";
import { accepted, addCampaign, runOfCampaign } from "../../support/shop.ts";

afterAll(closeLedgers);

const most = 1_000;

/** Pages and batches of a thousand. */
function inThousands(ctx: Context): Context {
  const slices = { ...ctx.settings.slices };
  slices.campaign = { ...campaignSettings.of(ctx), pageSize: most } as (typeof slices)[string];
  const limits = byChannel(externalNames, () => ({ batch: most, parallelism: 1 }));
  return { ...ctx, settings: { ...ctx.settings, slices, limits } };
}

/** What is asked while a page, and where there is one its batch, of so many members is written and frozen. */
async function asked(channel: ChannelName, members: number, policies: readonly Partial<CapsPolicy>[]) {
  const ledger = await openLedger();
  const told: Query[] = [];
  const ctx = inThousands(ledger.ctx);
  await ledger.members(members);
  for (const policy of policies) accepted(await setCapsPolicy(ctx, policy));
  const id = await addCampaign(ctx, { channels: [channel] });
  accepted(await launchCampaign(ctx, { id }));
  const run = await runOfCampaign(ctx.db, id);
  await startRun(ctx, { run });
  await planStep(ctx, { run, from: 0 });
  const heard = overheard(ctx, told);
  await writePage(heard, { run, page: 0 });
  const page = told.splice(0).map((query) => compile(query).sql);
  if (channel === "EMAIL") await freezeBatch(heard, { batch: 1 });
  const batch = told.map((query) => compile(query).sql);
  const state = channel === "EMAIL" ? "SENDING" : "SENT";
  expect(await ledgerOf(ctx.db, run)).toEqual({ [`${channel} ${state}`]: members });
  const counted = await ctx.db.first<{ n: number }>(sql`SELECT coalesce(sum(n), 0) AS n FROM pressure`);
  expect(counted?.n).toBe(policies.length > 0 ? members : 0);
  return { page, batch };
}

const many = [
  { channel: null, perDay: 20, perWeek: 50 },
  { channel: "IN_APP", perDay: 10, perWeek: 30 },
  { channel: "EMAIL", perDay: 10, perWeek: 30 },
] as const;

const about = (statements: readonly string[]) => statements.filter((text) => /\bpressure\b/.test(text)).length;

test("caps cost a page of 1,000 one statement more, whatever caps there are and however many members", async () => {
  const none = await asked("IN_APP", most, []);
  for (const [members, policies] of [
    [most, many],
    [most, many.slice(1, 2)],
    [10, many],
  ] as const) {
    const { page } = await asked("IN_APP", members, policies);
    expect(page.length).toBe(none.page.length + 1);
    // The one that decides is the one that adds the sends: it reads what counts once, and the other writes it.
    expect([about(none.page), about(page)]).toEqual([0, 2]);
    expect(page.join("\n").match(/FROM pressure p/g)).toHaveLength(1);
  }
});

test("a batch of 1,000 decides with the statement that takes them, and writes its places with two", async () => {
  const none = await asked("EMAIL", most, []);
  for (const members of [most, 10]) {
    const { page, batch } = await asked("EMAIL", members, many);
    expect([about(page), page.length]).toEqual([0, none.page.length]);
    expect(batch.length).toBe(none.batch.length + 2);
    expect(batch.join("\n").match(/FROM pressure p/g)).toHaveLength(1);
  }
});
