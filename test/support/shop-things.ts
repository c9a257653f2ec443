import { sql } from "drizzle-orm";
import type { Actor } from "../../src/actor.ts";
import { enablePromotion } from "../../src/campaign/announcement/enable.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { createCampaign } from "../../src/campaign/draft/campaign.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import type { Context } from "../../src/context.ts";
import { createCodePool } from "../../src/coupon/code/pool.ts";
import { issueCoupon } from "../../src/coupon/issue/issue-one.ts";
import { createTemplate } from "../../src/coupon/template/edit.ts";
import { activateTemplate } from "../../src/coupon/template/lifecycle.ts";
import { startDistribution } from "../../src/distribution/control.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { addGoods } from "../../src/hotgoods/goods.ts";
import { createPolicy } from "../../src/lifecycle/save.ts";
import { createSegment } from "../../src/member/segment.ts";
import { createPromotion } from "../../src/promotion/promotion.ts";
import { listOccurrences, schedulesOf } from "../../src/schedule/schedule.ts";
import { setHolidays } from "../../src/schedule/set-holidays.ts";
import { usualTemplate } from "./coupons.ts";
import { accepted, type Shop } from "./shop.ts";
import { until } from "./wait.ts";

/** The rows of what a shop has, by their types in the API: one of everything that can belong to a shop. */
export type Things = Readonly<Record<string, string | number>>;

/** Somebody who works for a shop, or for all of them (""). */
export function operatorOf(shop: string, role: "viewer" | "editor" | "approver" | "admin" = "admin", n = 1): Actor {
  return { kind: "operator", id: n, operator: n, name: `${role} ${n}`, role, shop };
}

/**
 * Makes one of everything that can belong to a shop, whose names carry its number, and has members get, use and read of
 * it: a template that gives a coupon, a pool of codes, a segment, a campaign that was sent, a promotion that was
 * announced, a paid order, a campaign that recurs but for some days.
 */
export async function furnish(shop: Shop, number: string): Promise<Things> {
  const ctx: Context = { ...shop.ctx, actor: operatorOf(number, "admin", 9) };
  const name = (what: string) => `${what} of ${number || "all"}`;
  const template = async (more: object) => {
    const draft = { ...usualTemplate, stacking: { group: name("g") }, shop: number, ...more };
    const { id } = accepted(await createTemplate(ctx, { draft }));
    return accepted(await activateTemplate(ctx, { id })).id;
  };
  const given = await template({ name: name("Coupon"), issueMode: "SYSTEM", stock: 50, budget: 900_000, perMember: 9 });
  const coded = await template({ name: name("Codes"), issueMode: "CODE", codeMode: "POOL" });
  const pool = accepted(await createCodePool(ctx, { template: coded, wanted: 3, idempotencyKey: name("pool") }));
  const segment = accepted(await createSegment(ctx, { name: name("Segment"), filter: { level: { gte: 0 } } }));
  const give = async (externalId: string) =>
    accepted(await issueCoupon(ctx, { template: given, member: { externalId }, idempotencyKey: name(externalId) }));
  const coupon = await give("x1");
  const spent = await give("x2");
  const file = { name: name("File"), content: new Blob(["externalId\nx1\nnobody\n"]) };
  const distribution = accepted(await uploadDistribution(ctx, file, { template: given }));
  await until(async () => accepted(await findDistribution(ctx, distribution.id)).state === "READY");
  accepted(await startDistribution(ctx, { id: distribution.id }));
  await until(async () => accepted(await findDistribution(ctx, distribution.id)).state === "COMPLETED");
  const campaign = await shop.campaign({ name: name("Campaign"), channels: ["IN_APP", "EMAIL"] });
  await ctx.db.write([sql`UPDATE campaign SET shop = ${number} WHERE id = ${campaign}`]);
  const run = await shop.launch(campaign);
  const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 100, off: 10 }] };
  const draft = {
    name: name("Promotion"),
    remark: "",
    currency: "EUR",
    rule,
    stacking: { group: name("p"), order: 1 },
  };
  const promotion = accepted(await createPromotion(ctx, draft));
  accepted(await enablePromotion(ctx, { id: promotion.id, announcement: { channels: ["IN_APP"] } }));
  const orderId = name("order");
  const lines = [{ id: "l", goods: "tea", unitPrice: 5_000, quantity: 1, shop: number }];
  const cart = { currency: "EUR", lines };
  const order = accepted(await lockCoupons(shop.ctx, { orderId, member: { seq: 2 }, cart, couponIds: [spent.id] }));
  accepted(await redeemCoupons(shop.ctx, { orderId }));
  const recurring = await recur(ctx, name);
  await shop.becomes(run, "COMPLETED");
  const announced = sql`
    SELECT r.id FROM run r JOIN campaign c ON c.id = r.campaign WHERE c.promotion = ${promotion.id}`;
  await until(async () => (await ctx.db.all(sql`${announced} AND r.state = 'COMPLETED'`)).length === 1);
  await until(() => shop.idle());
  const push = { channels: ["IN_APP" as const], content: { IN_APP: { default: { title: "Hi", body: "Hi" } } } };
  const said = { name: name("Lifecycle"), kind: "BIRTHDAY" as const, days: 0, hour: 9, push, enabled: false };
  const policy = accepted(await createPolicy(ctx, said));
  const row = { day: "2099-12-24", goods: name("tea"), name: name("Tea"), persona: null };
  const [goods] = accepted(await addGoods(ctx, { rows: [row] }));
  return {
    CouponTemplate: given,
    CodePool: pool.id,
    Distribution: distribution.id,
    Coupon: coupon.id,
    Segment: segment.id,
    LifecyclePolicy: policy.id,
    HotGoods: goods?.id ?? 0,
    Campaign: campaign,
    Run: run,
    Promotion: promotion.id,
    CouponOrder: order.id,
    orderId,
    ...recurring,
  };
}

/** A campaign that comes every year, but not on some days. */
async function recur(ctx: Context, name: (what: string) => string): Promise<Things> {
  const holidays = accepted(await setHolidays(ctx, { name: name("Holidays"), dates: ["2027-12-25"] })).id;
  const recurrence = { cron: { line: "0 9 1 7 *" } };
  const content = { IN_APP: { default: { title: "News", body: "News" } } };
  const said = {
    name: name("Schedule"),
    channels: ["IN_APP" as const],
    content,
    audience: { everyone: true as const },
  };
  const schedule = { recurrence, zone: "Europe/Berlin", exclude: { holidays: [holidays] } };
  const { id } = accepted(await createCampaign(ctx, { ...said, schedule }));
  accepted(await launchCampaign(ctx, { id }));
  const made = (await schedulesOf(ctx, "campaign", [id]))[0]?.id ?? 0;
  const [next] = await listOccurrences(ctx, { schedule: made, limit: 1 });
  return { Schedule: made, HolidayList: holidays, Occurrence: next?.id ?? 0 };
}
