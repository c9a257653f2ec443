import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { compileAudience, liveMember } from "../../src/audience/audience.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { leftFor } from "../../src/coupon/issue/left-for.ts";
import { remindMe } from "../../src/coupon/reminder/reminder.ts";
import { claimableCoupons } from "../../src/coupon/wallet/claimable.ts";
import { audience as language } from "../../src/domains.ts";
import { isRefusal } from "../../src/errors.ts";
import { addTemplate } from "../support/coupons.ts";
import { accepted } from "../support/shop.ts";
import { openWallets, type Wallets } from "../support/wallets.ts";

const hour = 3_600_000;
let wallets: Wallets;
let template: number;
beforeAll(async () => {
  wallets = await openWallets({ redis: false });
  const made = await addTemplate(wallets.ctx, { perMember: 9, opensAt: wallets.ctx.clock() + hour });
  template = made.id;
  const now = wallets.ctx.clock();
  await wallets.give(1, { template });
  await wallets.give(2, { template, validTo: now + hour });
  await wallets.give(3, { template, validTo: now + 5 * hour });
  await wallets.set(await wallets.give(4, { template }), "USED");
  await wallets.set(await wallets.give(5, { template, validTo: now - hour }), "EXPIRED");
  await wallets.give(6, { template, validTo: now - hour });
  await wallets.give(7);
  accepted(await remindMe(wallets.as(8), { template }));
});
afterAll(() => wallets.close());

/** Members whom a filter selects, asked both ways. */
async function select(filter: unknown, shop = ""): Promise<number[]> {
  const audience = language.parse(filter);
  if (isRefusal(audience)) throw new Error(audience.message);
  const env = { asOf: wallets.ctx.clock(), timeZone: "UTC", shop };
  const found = await Promise.all(
    (["range", "index"] as const).map((from) =>
      wallets.db.all<{ seq: number }>(sql`
        SELECT m.seq FROM member m WHERE ${liveMember} AND ${compileAudience(audience, { ...env, from })}
        ORDER BY m.seq`),
    ),
  );
  expect(found[0]).toEqual(found[1] ?? []);
  return (found[0] ?? []).map(({ seq }) => seq);
}
const iso = (ms: number) => new Date(ms).toISOString();

test("holdsCoupon finds who has one in a state; what was let pass is EXPIRED, though nobody looked yet", async () => {
  expect(await select({ holdsCoupon: { template } })).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await select({ holdsCoupon: { template, status: "AVAILABLE" } })).toEqual([1, 2, 3]);
  expect(await select({ holdsCoupon: { template, status: "USED" } })).toEqual([4]);
  expect(await select({ holdsCoupon: { template, status: "EXPIRED" } })).toEqual([5, 6]);
  const rest = await select({ not: { holdsCoupon: { template, status: "AVAILABLE" } } });
  expect(rest).toHaveLength(97);
});

test("claimedCoupon finds who got one since a moment, of one template or of any", async () => {
  const now = wallets.ctx.clock();
  expect(await select({ claimedCoupon: { template, since: iso(now) } })).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await select({ claimedCoupon: { since: iso(now) } })).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(await select({ claimedCoupon: { since: iso(now + 1) } })).toEqual([]);
});

test("couponExpiring finds unused coupons by their end, couponReminder those who wait for a drop", async () => {
  const now = wallets.ctx.clock();
  expect(await select({ couponExpiring: { template } })).toEqual([2, 3]);
  expect(await select({ couponExpiring: { template, inNextHours: 1 } })).toEqual([2]);
  expect(await select({ couponExpiring: { template, after: iso(now + hour), until: iso(now + 5 * hour) } })).toEqual([
    3,
  ]);
  expect(await select({ couponExpiring: { template, heldSince: iso(now - 1) } })).toEqual([]);
  expect(await select({ couponReminder: { template } })).toEqual([8]);
});

test("for what belongs to a shop, coupons of others are none: neither named, nor of any template", async () => {
  const now = wallets.ctx.clock();
  const terms = [
    { holdsCoupon: { template } },
    { claimedCoupon: { template, since: iso(now) } },
    { claimedCoupon: { since: iso(now) } },
    { couponExpiring: { template } },
    { couponReminder: { template } },
  ];
  const found = async (shop: string) => Promise.all(terms.map((term) => select(term, shop)));
  const all = await found("");
  const ofNobody = terms.map(() => []);
  expect(await found("a")).toEqual(ofNobody);
  await wallets.db.write([sql`UPDATE coupon_template SET shop = 'a' WHERE id = ${template}`]);
  expect(await found("a")).toEqual(all.map((seqs, i) => (i === 2 ? seqs.filter((seq) => seq !== 7) : seqs)));
  expect([await found(""), await found("b")]).toEqual([all, ofNobody]);
  for (const term of terms) expect(await select({ not: term }, "b")).toHaveLength(100);
});

test("whom a coupon is for is asked as its shop means it, on every road to it", async () => {
  const { ctx } = wallets;
  await wallets.db.write([sql`UPDATE coupon_template SET shop = 'a' WHERE id = ${template}`]);
  const eligibility = { holdsCoupon: { template } };
  const made = async (shop: string, issueMode: "SELF_CLAIM" | "SYSTEM") =>
    (await addTemplate(ctx, { shop, issueMode, eligibility })).id;
  const holder = wallets.as(1);
  const shops = ["b", "a", ""] as const;
  const claimed = await Promise.all(shops.map((shop) => made(shop, "SELF_CLAIM")));
  // All of one filter: what one shop means by it is no answer to another.
  const { coupons } = await claimableCoupons(holder, { after: undefined, limit: 50 });
  const open = coupons.map((each) => each.template.id);
  expect(claimed.map((id) => open.includes(id))).toEqual([false, true, true]);
  const claims = claimed.map((id) => claimCoupon(holder, { template: id, idempotencyKey: `${id}` }));
  expect((await Promise.all(claims)).map(isRefusal)).toEqual([true, false, false]);
  const left = shops.map(async (shop) => {
    const n = await leftFor(ctx, await made(shop, "SYSTEM"), 1);
    return (await ctx.db.first<{ n: number | null }>(sql`SELECT ${n} AS n`))?.n ?? 0;
  });
  expect(await Promise.all(left)).toEqual([0, 1, 1]);
});

test("a faulty condition on coupons is refused with its place", () => {
  const refused = language.parse({ and: [{ holdsCoupon: { template: 1, status: "LOST" } }] });
  expect(refused).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "and.0.holdsCoupon.status" }] });
});
