import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { shortenWaits } from "../../src/campaign/shorten-waits.ts";
import { shortenWaits as shortenWebhooks } from "../../src/webhook/shorten-waits.ts";
import { createWebhook } from "../../src/webhook/webhook.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const hours = 2 * 3_600_000;

test("with the clock set back by two hours, leases, tries and webhooks wait no longer than before", async () => {
  const shop = await openLedger();
  const { ctx } = shop;
  const began = ctx.clock();
  await shop.members(2);
  const campaign = await shop.campaign({ channels: ["EMAIL"] });
  const { webhook } = accepted(await createWebhook(ctx, { url: "https://shop.example/hook" }));
  await ctx.db.write([
    sql`INSERT INTO run (id, campaign, state, due_at) VALUES (1, ${campaign}, 'RUNNING', 0)`,
    sql`INSERT INTO batch (seq, id, run, channel, state, lease, lease_until, created_at)
      VALUES (1, 'b1', 1, 'EMAIL', 'TRIED', 'dead', ${began + 20_000}, 0), (2, 'b2', 1, 'EMAIL', 'DONE', NULL, 0, 0)`,
    sql`INSERT INTO send (run, channel, member, state, reason, at, due_at)
      VALUES (1, 'EMAIL', 1, 'PENDING', 'RETRY', 0, ${began + 30_000}),
             (1, 'EMAIL', 2, 'PENDING', 'QUIET_HOURS', 0, ${began + 30_000})`,
    sql`INSERT INTO webhook_delivery (webhook, message, type, body, state, attempts, round, due_at, created_at)
      VALUES (${webhook.id}, 'm1', 't', '{}', 'PENDING', 1, 1, ${began + 5_000}, 0)`,
  ]);
  await ctx.db.write([...shortenWaits(ctx), ...shortenWebhooks(ctx)]);
  expect(await shop.messages()).toEqual({});

  shop.pass(-hours);
  const now = ctx.clock();
  await ctx.db.write([...shortenWaits(ctx), ...shortenWebhooks(ctx)]);
  const within = async (query: ReturnType<typeof sql>) => {
    const [row] = await ctx.db.all<{ at: number }>(query);
    return (row?.at ?? 0) - now;
  };
  expect(await within(sql`SELECT lease_until AS at FROM batch WHERE seq = 1`)).toBeLessThanOrEqual(301_000);
  expect(await within(sql`SELECT due_at AS at FROM send WHERE member = 1`)).toBeLessThanOrEqual(301_000);
  expect(await within(sql`SELECT due_at AS at FROM send WHERE member = 2`)).toBeGreaterThan(hours);
  expect(await within(sql`SELECT due_at AS at FROM webhook_delivery`)).toBeLessThanOrEqual(6_000);
  expect(await shop.messages()).toEqual({ "channel-send": 1, "campaign-wake": 1, "webhook-send": 1 });
  await ctx.db.write([...shortenWaits(ctx), ...shortenWebhooks(ctx)]);
  expect(await shop.messages()).toEqual({ "channel-send": 1, "campaign-wake": 1, "webhook-send": 1 });
});
