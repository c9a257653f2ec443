import { sql } from "drizzle-orm";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { createCampaign } from "../../src/campaign/draft/campaign.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { expireLocks } from "../../src/checkout/order/lock-expiry.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../src/checkout/order/refund.ts";
import { releaseCoupons } from "../../src/checkout/order/release.ts";
import { withdrawCoupon } from "../../src/checkout/order/withdraw.ts";
import type { MemberContext } from "../../src/context.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import { redeemCode } from "../../src/coupon/claim/redeem-code.ts";
import { reconcileGates } from "../../src/coupon/gate/reconcile.ts";
import { issueCoupon } from "../../src/coupon/issue/issue-one.ts";
import type { TemplateDraft } from "../../src/coupon/template/draft.ts";
import { createTemplate, updateTemplate } from "../../src/coupon/template/edit.ts";
import { activateTemplate, endTemplate, withdrawTemplate } from "../../src/coupon/template/lifecycle.ts";
import { changeBudget, changeStock } from "../../src/coupon/template/stock-and-budget.ts";
import { sweepTemplates } from "../../src/coupon/template/sweep.ts";
import { expireDue } from "../../src/coupon/wallet/expiry.ts";
import { myCoupons } from "../../src/coupon/wallet/wallet.ts";
import { as as person } from "./persons.ts";
import { filledPool } from "./pools.ts";
import { accepted, type Shop } from "./shop.ts";

const off = (amount: number) => ({ kind: "INSTANT", params: { off: amount }, currency: "EUR" });
const share = { kind: "DISCOUNT", params: { basisPointsOff: 5_000, cap: 700 }, currency: "EUR" };
const codes = { codeMode: "ON_CLAIM", codePrefix: "SORRY" } as const;

/**
 * A template of every kind: with stock, with a budget, with codes made or from pools, for a time, and again and again;
 * of the company, and of one of its shops.
 */
const kinds: readonly TemplateDraft[] = [
  {
    name: "claimed",
    shop: "north",
    ...off(400),
    stock: 12,
    budget: 4_000,
    perMember: 2,
    validity: { hours: 24 },
    stacking: { group: "a" },
  },
  { name: "dear", ...off(900), budget: 5_000, perMember: 3, stacking: { group: "b" } },
  { name: "given", ...share, ...codes, issueMode: "SYSTEM", budget: 9_000, perMember: 3, stacking: { group: "c" } },
  {
    name: "coded",
    shop: "north",
    ...off(300),
    issueMode: "CODE",
    codeMode: "POOL",
    perMember: 2,
    stacking: { group: "d" },
  },
  { name: "pooled", ...off(300), codeMode: "POOL", perMember: 2, budget: 6_000, validity: { days: 1 } },
  {
    name: "hourly",
    ...off(200),
    stock: 5,
    recurrence: { cron: "0 * * * *", zone: "UTC", minutes: 60 },
    validity: { days: 0 },
  },
];

/** A shop in which everything that can be done with coupons is done by chance. */
export interface Bazaar {
  readonly shop: Shop;
  readonly members: number;
  /** The templates that take the places of {@link kinds} now. */
  readonly templates: number[];
  /** A whole number from 0 below `sides`; the same ones again for the same seed. */
  roll(sides: number): number;
}

export async function openBazaar(shop: Shop, members: number, seed: number): Promise<Bazaar> {
  const dice = new Bun.CryptoHasher("sha256").update(String(seed));
  const roll = (sides: number) => dice.update(".").copy().digest().readUInt32LE() % sides;
  await shop.members(members);
  const bazaar: Bazaar = { shop, members, templates: [], roll };
  for (const place of kinds.keys()) await renew(bazaar, place);
  return bazaar;
}

/** Puts a fresh template into a place whose template was ended or withdrawn. */
async function renew({ shop, templates }: Bazaar, place: number): Promise<void> {
  const draft = kinds[place];
  if (!draft) return;
  const { id } = accepted(await createTemplate(shop.ctx, { draft }));
  if (draft.codeMode === "POOL") await filledPool(shop.ctx, id, 14);
  accepted(await activateTemplate(shop.ctx, { id }));
  templates[place] = id;
}

/** Does one thing, whatever it is; refusals are answers. */
export function act(bazaar: Bazaar): Promise<unknown> {
  const { roll } = bazaar;
  const likely = [claim, claim, claim, issue, redeem, redeem, lock, lock, lock, pay, pay, release, refund, refund];
  const rare = [look, sweep, tick, change, rewrite, enlarge, give, close, takeOne];
  const chosen = roll(3) > 0 ? likely : rare;
  return chosen[roll(chosen.length)]?.(bazaar) ?? Promise.resolve();
}

const as = ({ shop: { ctx } }: Bazaar, seq: number): MemberContext => ({
  ...ctx,
  actor: { kind: "member", seq, id: `m_${seq}` },
});
const someone = ({ roll, members }: Bazaar) => 1 + roll(members);
const some = ({ roll, templates }: Bazaar, ...places: number[]) => templates[places[roll(places.length)] ?? 0] ?? 0;
/** Few enough that some are used again, for the same or for something else. */
const key = ({ roll }: Bazaar) => `k${roll(60)}`;
/** An order in this state, or any one that there may be. */
async function order({ roll, shop }: Bazaar, state: string): Promise<string> {
  const some = await shop.ctx.db.all<{ name: string }>(
    sql`SELECT order_id AS name FROM coupon_order WHERE state = ${state}`,
  );
  return (roll(4) > 0 ? some[roll(some.length || 1)]?.name : undefined) ?? `order ${roll(300)}`;
}
/** Of the company, of its shop, or of both. */
const cart = ({ roll }: Bazaar) => ({
  currency: "EUR",
  lines: [["north"], ["north"], [""], ["", "north"]][roll(4)]!.map((shop, n) => {
    return { id: `l${n}`, goods: "g", shop, unitPrice: 100 + 150 * roll(10), quantity: 1 };
  }),
});
/** The shop's own systems, or an operator who finds the orders of one shop alone. */
const desk = ({ roll, shop: { ctx } }: Bazaar) => (roll(3) ? ctx : person(ctx, "Kim", 9, 9, "north"));

const claim = (bazaar: Bazaar) =>
  claimCoupon(as(bazaar, someone(bazaar)), { template: some(bazaar, 0, 1, 4, 5), idempotencyKey: key(bazaar) });

const issue = (bazaar: Bazaar) =>
  issueCoupon(bazaar.shop.ctx, {
    template: some(bazaar, 2),
    member: { seq: someone(bazaar) },
    idempotencyKey: key(bazaar),
    quantity: 1 + bazaar.roll(3),
    validity: [undefined, { days: 1 }, { hours: 3 }][bazaar.roll(3)],
  });

/** A code that is free, or was given, perhaps to another. */
async function redeem(bazaar: Bazaar): Promise<unknown> {
  const row = await bazaar.shop.ctx.db.first<{ code: string }>(sql`
    SELECT code FROM pool_code WHERE template = ${some(bazaar, 3, 3, 4)} LIMIT 1 OFFSET ${bazaar.roll(14)}`);
  const address = `${bazaar.roll(1_000_000)}`;
  return redeemCode(as(bazaar, someone(bazaar)), { code: row?.code ?? "", idempotencyKey: key(bazaar), address });
}

async function lock(bazaar: Bazaar): Promise<unknown> {
  const { roll, shop } = bazaar;
  const holder = await shop.ctx.db.first<{ member: number; ids: string }>(sql`
    SELECT member, json_group_array(id) AS ids FROM coupon WHERE state = 'AVAILABLE'
    GROUP BY member LIMIT 1 OFFSET ${roll(bazaar.members)}`);
  const ids: number[] = JSON.parse(holder?.ids ?? "[]");
  const coupons = [...new Set([ids[roll(ids.length)], ids[roll(ids.length)]])].filter((id) => id !== undefined);
  const asked = {
    orderId: `order ${roll(300)}`,
    member: { seq: holder?.member ?? 1 },
    cart: cart(bazaar),
    couponIds: coupons,
  };
  return lockCoupons(shop.ctx, { ...asked, ttlSeconds: 600 });
}

async function pay(bazaar: Bazaar): Promise<unknown> {
  const orderId = await order(bazaar, "LOCKED");
  return redeemCoupons(desk(bazaar), { orderId, ...(bazaar.roll(3) ? {} : { cart: cart(bazaar) }) });
}

async function release(bazaar: Bazaar): Promise<unknown> {
  return releaseCoupons(desk(bazaar), { orderId: await order(bazaar, "LOCKED") });
}

async function refund(bazaar: Bazaar): Promise<unknown> {
  const { roll } = bazaar;
  const orderId = await order(bazaar, "REDEEMED");
  const asked = { orderId, refundId: `r${roll(3)}`, policy: roll(3) ? "GIVE_BACK" : "KEEP" } as const;
  return refundOrder(desk(bazaar), {
    ...asked,
    ...(roll(3) ? {} : { amount: 1 + roll(600) }),
    ...(roll(2) ? { validDays: 1 } : {}),
  });
}

const look = (bazaar: Bazaar) =>
  myCoupons(as(bazaar, someone(bazaar)), { status: bazaar.roll(2) ? "AVAILABLE" : "EXPIRED", limit: 10 });

async function sweep({ shop: { ctx } }: Bazaar): Promise<void> {
  await Promise.all([expireDue(ctx), expireLocks(ctx, 10), sweepTemplates(ctx), reconcileGates(ctx)]);
}

async function tick({ shop, roll }: Bazaar): Promise<void> {
  if (roll(4) === 0) await shop.ctx.redis?.flushall();
  shop.pass([0, 0, 0, 60_000, 60_000, 200_000, 700_000, 9 * 3_600_000][roll(8)] ?? 0);
}

function change(bazaar: Bazaar): Promise<unknown> {
  const { roll, shop } = bazaar;
  if (roll(2)) return changeStock(shop.ctx, { id: some(bazaar, 0, 1, 2, 3, 5), stock: roll(5) ? 1 + roll(40) : null });
  return changeBudget(shop.ctx, { id: some(bazaar, 0, 1, 2, 4), budget: roll(6) ? 1 + roll(9_000) : null });
}

const takeOne = ({ roll, shop }: Bazaar) => withdrawCoupon(shop.ctx, { coupon: 1 + roll(80), reason: "by chance" });

const rewrite = (bazaar: Bazaar) =>
  updateTemplate(bazaar.shop.ctx, { id: some(bazaar, 0, 1, 2, 3, 4), draft: { perMember: 2 + bazaar.roll(3) } });

async function enlarge(bazaar: Bazaar): Promise<void> {
  const template = some(bazaar, 3, 4);
  const { state } = (await bazaar.shop.ctx.db.first<{ state: string }>(sql`
    SELECT state FROM coupon_template WHERE id = ${template}`)) ?? { state: "" };
  if (state === "ACTIVE" || state === "SOLD_OUT")
    await filledPool(bazaar.shop.ctx, template, 1 + bazaar.roll(4)).catch(() => {});
}

/** Gives to many: a campaign of the templates that are not for codes. */
async function give(bazaar: Bazaar): Promise<unknown> {
  const { ctx } = bazaar.shop;
  const couponTemplate = some(bazaar, 0, 2, 4);
  const draft = { name: "Gift", channels: [], kind: "COUPON_ISSUE", couponTemplate, content: {} } as const;
  const campaign = accepted(await createCampaign(ctx, { ...draft, channels: [] }));
  return launchCampaign(ctx, { id: campaign.id });
}

/** Ends or withdraws a template, perhaps with its coupons, and opens another in its place. */
async function close(bazaar: Bazaar): Promise<void> {
  const { roll, shop, templates } = bazaar;
  const place = roll(templates.length);
  if (roll(3)) return;
  const id = templates[place] ?? 0;
  await (roll(3) ? withdrawTemplate(shop.ctx, { id, takeBack: true }) : endTemplate(shop.ctx, { id }));
  await renew(bazaar, place);
}
