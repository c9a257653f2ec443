import type { World } from "./scenario-world.ts";

/**
 * An input with which a mutation succeeds, by what its world has for it; somebody else than who made the world asks.
 * The reason is not in it.
 */
export type Scenario = (world: World) => Promise<object> | object;

const discount = { instant: { off: "1000" } };
const rule = { fullReduction: [{ spend: "20000", off: "3000" }] };
const filter = { level: { gte: 1 } };
const one = { filter: { externalId: { eq: "x3" } } };
const content = [{ parts: { inApp: { title: "News", body: "News" } } }];

const lifecyclePolicy = { name: "Happy birthday", kind: "BIRTHDAY", hour: 9, channels: ["IN_APP"], content };

/** Of the mutations that deal with what people plan, and with members and orders. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  // Campaigns.
  createCampaign: () => ({ name: "News", channels: ["IN_APP"], content, audience: one }),
  updateCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.campaign()), name: "Other news" }),
  duplicateCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.campaign()) }),
  deleteCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.campaign()) }),
  submitCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.campaign()) }),
  approveCampaign: async (w) => {
    const id = await w.submitted();
    return { campaignId: w.idOf("Campaign", id), version: await w.version(id) };
  },
  rejectCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.submitted()) }),
  returnCampaignToDraft: async (w) => ({ campaignId: w.idOf("Campaign", await w.submitted()) }),
  launchCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.campaign()) }),
  pauseCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.launched()) }),
  resumeCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.pausedCampaign()) }),
  cancelCampaign: async (w) => ({ campaignId: w.idOf("Campaign", await w.launched()) }),
  approveRun: async (w) => ({ runId: w.idOf("Run", await w.heldRun()), members: 2 }),
  testSend: async (w) => ({ campaignId: w.idOf("Campaign", await w.mailing()), channel: "EMAIL", externalId: "x3" }),
  pushCoupon: async (w) => ({
    couponTemplateId: w.idOf("CouponTemplate", await w.live({ issueMode: "SYSTEM" })),
    audience: one,
    channels: ["IN_APP"],
    content,
    startsAt: "2100-01-01T00:00:00Z",
  }),
  setCapsPolicy: () => ({ channel: "SMS", perDay: 3 }),
  setCouponNoticePolicy: async (w) => ({
    kind: "EXPIRY",
    templateId: w.idOf("CouponTemplate", await w.live()),
    leadMinutes: 600,
  }),

  // Schedules.
  rescheduleCampaign: async (w) => ({
    campaignId: w.idOf("Campaign", await w.recurring()),
    schedule: { recurrence: { cron: { line: "0 12 * * *" } }, zone: "Asia/Shanghai" },
  }),
  pauseSchedule: async (w) => ({ scheduleId: w.idOf("Schedule", await w.schedule()) }),
  resumeSchedule: async (w) => ({ scheduleId: w.idOf("Schedule", await w.pausedSchedule()) }),
  cancelOccurrence: async (w) => {
    const id = await w.schedule();
    return { scheduleId: w.idOf("Schedule", id), plannedAt: await w.nextTime(id) };
  },
  backfillSchedule: async (w) => ({
    scheduleId: w.idOf("Schedule", await w.schedule()),
    from: "2025-01-01T00:00:00Z",
    until: "2025-01-03T00:00:00Z",
  }),
  setHolidays: (w) => ({ name: `Days off ${w.key()}`, dates: ["2027-12-25"] }),

  // Lifecycle.
  createLifecyclePolicy: () => lifecyclePolicy,
  updateLifecyclePolicy: async (w) => {
    const { kind: _, ...said } = lifecyclePolicy;
    return { ...said, policyId: w.idOf("LifecyclePolicy", await w.lifecyclePolicy()), hour: 11 };
  },

  // Hot goods.
  addHotGoods: (w) => ({ rows: [{ date: "2099-12-24", goods: w.key(), name: "Tea", persona: filter }] }),
  importHotGoods: (w) => ({ name: "goods.csv", csv: `date,goods,name\n2099-12-24,${w.key()},Tea\n` }),
  setHotGoodsPlan: () => ({ hour: 10, channels: ["IN_APP"], content }),

  // Promotions.
  createPromotion: () => ({ name: "Advent", currency: "EUR", rule }),
  updatePromotion: async (w) => ({ promotionId: w.idOf("Promotion", await w.promotion()), name: "Advent, again" }),
  enablePromotion: async (w) => ({ promotionId: w.idOf("Promotion", await w.promotion()), announce: "NO" }),
  disablePromotion: async (w) => ({ promotionId: w.idOf("Promotion", await w.enabledPromotion()) }),
  approvePromotion: async (w) => {
    const id = await w.askedPromotion();
    return { promotionId: w.idOf("Promotion", id), version: await w.promotionVersion(id) };
  },
  rejectPromotion: async (w) => ({ promotionId: w.idOf("Promotion", await w.askedPromotion()) }),

  // Coupons.
  createCouponTemplate: (w) => ({ name: "Ten off", discount, currency: "EUR", ...(w.shop && { shop: w.shop }) }),
  updateCouponTemplate: async (w) => ({ templateId: w.idOf("CouponTemplate", await w.template()), name: "Ten less" }),
  duplicateCouponTemplate: async (w) => ({ templateId: w.idOf("CouponTemplate", await w.template()) }),
  activateCouponTemplate: async (w) => ({ templateId: w.idOf("CouponTemplate", await w.template()) }),
  approveCouponTemplate: async (w) => ({ templateId: w.idOf("CouponTemplate", await w.template()), version: "1" }),
  endCouponTemplate: async (w) => ({ templateId: w.idOf("CouponTemplate", await w.live()) }),
  withdrawCouponTemplate: async (w) => ({ templateId: w.idOf("CouponTemplate", await w.live()) }),
  changeCouponStock: async (w) => ({ templateId: w.idOf("CouponTemplate", await w.live()), stock: "50" }),
  changeCouponBudget: async (w) => ({ templateId: w.idOf("CouponTemplate", await w.live()), budget: "50000" }),
  createCodePool: async (w) => ({
    templateId: w.idOf("CouponTemplate", await w.pooled()),
    codes: 3,
    idempotencyKey: w.key(),
  }),
  pauseCodePool: async (w) => ({ poolId: w.idOf("CodePool", await w.pool()) }),
  resumeCodePool: async (w) => ({ poolId: w.idOf("CodePool", await w.pausedPool()) }),
  cancelCodePool: async (w) => ({ poolId: w.idOf("CodePool", await w.pool()) }),
  issueCoupon: async (w) => ({
    templateId: w.idOf("CouponTemplate", await w.live({ issueMode: "SYSTEM" })),
    externalId: "x3",
    idempotencyKey: w.key(),
  }),
  withdrawCoupon: async (w) => ({ couponId: w.idOf("Coupon", await w.coupon()) }),

  // Distributions.
  createDistributionUpload: async (w) => ({
    templateId: w.idOf("CouponTemplate", await w.live({ issueMode: "SYSTEM" })),
    name: "members.csv",
  }),
  startDistribution: async (w) => ({ distributionId: w.idOf("Distribution", await w.distribution()) }),
  approveDistribution: async (w) => ({ distributionId: w.idOf("Distribution", await w.distribution()) }),
  pauseDistribution: async (w) => ({ distributionId: w.idOf("Distribution", await w.distribution("RUNNING")) }),
  resumeDistribution: async (w) => ({ distributionId: w.idOf("Distribution", await w.distribution("PAUSED")) }),
  cancelDistribution: async (w) => ({ distributionId: w.idOf("Distribution", await w.distribution()) }),
  withdrawDistribution: async (w) => ({
    distributionId: w.idOf("Distribution", await w.distribution("COMPLETED")),
    reason: "a mistake",
  }),

  // Orders.
  lockCoupons: async (w) => ({
    orderId: w.orderId(),
    externalId: "x3",
    couponIds: [w.idOf("Coupon", await w.coupon())],
    cart: { ...w.cart, lines: w.cart.lines.map((line) => ({ ...line, unitPrice: `${line.unitPrice}` })) },
  }),
  redeemCoupons: async (w) => ({ orderId: await w.locked() }),
  releaseCoupons: async (w) => ({ orderId: await w.locked() }),
  completeOrder: async (w) => ({ orderId: await w.paid() }),
  refundOrder: async (w) => ({ orderId: await w.paid(), refundId: "r1", policy: "GIVE_BACK" }),

  // Members.
  createSegment: (w) => ({ name: `many ${w.key()}`, filter }),
  updateSegment: async (w) => ({ segmentId: w.idOf("Segment", await w.segment()), name: `fewer ${w.key()}` }),
  deleteSegment: async (w) => ({ segmentId: w.idOf("Segment", await w.segment()) }),
  upsertMembers: (w) => ({ members: [{ externalId: w.key(), level: 3 }] }),
  importMembers: (w) => ({ name: "members.csv", csv: `externalId,level\n${w.key()},2\n` }),
  setConsent: () => ({ externalId: "x3", channel: "SMS", granted: true }),
  exportMember: () => ({ externalId: "x2" }),
  eraseMember: () => ({ externalId: "x1" }),
};
