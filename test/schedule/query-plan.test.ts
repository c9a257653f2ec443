import { afterAll, expect, test } from "bun:test";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { endRecurring } from "../../src/campaign/schedule/end.ts";
import { compile, type Query } from "../../src/db/statement.ts";
import { fireDue, fireQueued } from "../../src/schedule/fire.ts";
import { planAhead } from "../../src/schedule/plan-ahead.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { overheard } from "../support/overheard.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

test("what the sweep and a wake ask goes by indexes, whatever has come of schedules", async () => {
  const ledger = await openLedger();
  await ledger.members(1);
  const recurrence = { cron: { line: "* * * * *" } };
  const schedule = { recurrence, zone: "UTC", overlap: "QUEUE_ONE" as const };
  const id = await ledger.campaign({ channels: ["IN_APP"], schedule });
  const asked: Query[] = [];
  const ctx = overheard(ledger.ctx, asked);
  accepted(await launchCampaign(ctx, { id }));
  for (let n = 0; n < 3; n++) {
    ledger.pass(60_000);
    await planAhead(ctx);
    await fireDue(ctx);
    await fireQueued(ctx);
    await endRecurring(ctx);
  }
  const statements = new Map(asked.map((query) => compile(query)).map((each) => [each.sql, each]));
  const plans: { readonly detail: string; readonly sql: string }[] = [];
  for (const { sql, args } of statements.values()) {
    if (!/\b(occurrence|schedule)\b/.test(sql)) continue;
    const rows = await ledger.ctx.db.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
    plans.push(...rows.map(({ detail }) => ({ detail, sql })));
  }
  const used = (index: string) => plans.filter(({ detail }) => detail.includes(index)).length;
  for (const index of [
    "occurrence_due",
    "occurrence_open",
    "occurrence_unarmed",
    "occurrence_queued",
    "schedule_open",
    "campaign_state",
  ])
    expect(used(index)).toBeGreaterThan(0);
  const walks = /^SCAN (o|l|q|s|c|r|b|occurrence|schedule|campaign|run|outbox)\b/;
  expect(plans.filter(({ detail }) => walks.test(detail))).toEqual([]);
  // Of what is over there is ever more.
  const walksHistory = /autoindex_occurrence_\d+ \(schedule=\?\)$/;
  const isOfLaunch = /INSERT INTO schedule/;
  expect(plans.filter(({ detail, sql }) => walksHistory.test(detail) && !isOfLaunch.test(sql))).toEqual([]);
});
