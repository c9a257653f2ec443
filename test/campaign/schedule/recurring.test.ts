import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { tidy } from "../../../src/campaign/tidy.ts";
import type { Context } from "../../../src/context.ts";
import { fireDue, fireQueued } from "../../../src/schedule/fire.ts";
import { planAhead } from "../../../src/schedule/plan-ahead.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { accepted } from "../../support/shop.ts";

afterAll(closeLedgers);

const minute = 60_000;

async function sweep(ctx: Context): Promise<void> {
  await planAhead(ctx);
  await fireDue(ctx);
  await fireQueued(ctx);
  await tidy(ctx);
}

test("a campaign with a cron line has a run for each of its times, and ends after the last", async () => {
  const ledger = await openLedger();
  const { ctx } = ledger;
  await ledger.members(3);
  const until = ctx.clock() + 60 * minute;
  const id = await ledger.campaign({
    channels: ["IN_APP"],
    schedule: {
      recurrence: { cron: { line: "*/15 * * * *", from: null, until } },
      zone: "Europe/Berlin",
      overlap: "RUN_BOTH",
    },
  });
  accepted(await launchCampaign(ctx, { id }));
  for (let n = 0; n < 70; n++) {
    await sweep(ctx);
    ledger.pass(minute);
  }
  const runs = await ctx.db.all(sql`SELECT due_at, state FROM run WHERE campaign = ${id}`);
  expect(runs.length).toBe(4);
});
