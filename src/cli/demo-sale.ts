import { sql } from "drizzle-orm";
import { z } from "zod";
import type { App } from "../app.ts";
import type { Env } from "../env.ts";
import { mintMemberToken } from "../operations/member-token.ts";
import { memberTokenSettings } from "../settings.ts";
import { askApi } from "./demo-api.ts";
import { offerCoupon } from "./demo-offer.ts";
import { progressBar } from "./progress.ts";

/** What became of the flash sale. */
export interface SaleSummary {
  readonly stock: number;
  readonly claimers: number;
  /** Coupons that exist, counted in the table. */
  readonly claimed: number;
  readonly oversold: number;
  /** Members who hold more than the one that is allowed. */
  readonly duplicates: number;
  /** Answers by their type in the schema. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests answered per second. */
  readonly perSecond: number;
}

/** Requests under way at once; the rest of the crowd waits for its turn. */
const together = 200;

/**
 * A flash sale over HTTP: an operator puts a coupon in offer, then a crowd of members claims it, each with a token of
 * their own; a fifth of them may have one.
 */
export async function runSale(app: App, env: Env, members: number): Promise<SaleSummary> {
  const claimers = Math.min(5_000, members);
  const stock = Math.max(1, Math.floor(claimers / 5));
  const discount = { instant: { off: "1000" } };
  const validity = { days: 30 };
  const offer = { name: "Flash sale: 10 off", currency: "EUR", stock: String(stock), validity, discount };
  const template = await offerCoupon(app, offer);
  const answers: Record<string, number> = {};
  const bar = progressBar("flash sale", false);
  const began = performance.now();
  let next = 1;
  let done = 0;
  const worker = async () => {
    for (let n = next++; n <= claimers; n = next++) {
      const type = await claim(app, env, template, n);
      answers[type] = (answers[type] ?? 0) + 1;
      bar.show(++done, claimers, `${answers.Coupon ?? 0} claimed`);
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
  bar.end();
  const perSecond = Math.round(claimers / ((performance.now() - began) / 1000));
  return { stock, claimers, ...(await countCoupons(app, stock)), answers, perSecond };
}

const Claimed = z.object({ claimCoupon: z.object({ __typename: z.string() }) });

async function claim(app: App, env: Env, template: string, n: number): Promise<string> {
  const token = await mintMemberToken(memberTokenSettings(env), `sample-${n}`, 600, Date.now());
  const query =
    'mutation ($t: ID!) { claimCoupon(input: { templateId: $t, idempotencyKey: "flash sale" }) { __typename } }';
  const address = `10.0.${n >> 8}.${n & 255}`;
  const answer = await askApi(`${app.url}/app`, token, { query, variables: { t: template }, address });
  return Claimed.parse(answer).claimCoupon.__typename;
}

async function countCoupons({ ctx }: App, stock: number) {
  const row = await ctx.db.first<{ claimed: number; holders: number }>(
    sql`SELECT count(*) AS claimed, count(DISTINCT member) AS holders FROM coupon`,
  );
  const { claimed, holders } = row ?? { claimed: 0, holders: 0 };
  return { claimed, oversold: Math.max(0, claimed - stock), duplicates: claimed - holders };
}
