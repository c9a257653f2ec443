import { type Actor, type Role, roles } from "../../src/actor.ts";

/**
 * Who may ask for what, and nobody else: every field of the roots, every kind of node and every address for files, by
 * who is let in. Operators count from the role named upwards; those of a shop are let in wherever it does not say "for
 * all shops", and find what is their shop's alone. What is in no line here, or in two, fails the test.
 */
export const whoMay: Readonly<Record<string, string>> = {
  "admins for all shops": `
    Mutation.cancelMessage Mutation.createOperatorToken Mutation.createServiceToken Mutation.createWebhook
    Mutation.deleteDeadLetter Mutation.deleteWebhook Mutation.eraseMember Mutation.exportMember
    Mutation.resendWebhook Mutation.revokeOperator Mutation.revokeToken Mutation.rotateWebhookSecret
    Mutation.setCapsPolicy Mutation.setSandboxFaults Mutation.testWebhook Mutation.updateOperator
    Mutation.updateWebhook Query.operator Query.operators Query.tokens node:AccessToken node:Operator`,
  "approvers for all shops": `
    Mutation.setCouponNoticePolicy`,
  approvers: `
    Mutation.approveCampaign Mutation.approveCouponTemplate Mutation.approvePromotion Mutation.approveRun
    Mutation.approveDistribution Mutation.createLifecyclePolicy Mutation.rejectCampaign Mutation.rejectPromotion
    POST:hot-goods
    Mutation.addHotGoods Mutation.importHotGoods Mutation.setHotGoodsPlan Mutation.updateLifecyclePolicy`,
  "editors for all shops": `
    Mutation.clearFlowLimits Mutation.editAndReplayDeadLetter Mutation.pauseFlow Mutation.replayDeadLetter
    Mutation.replayDeadLetters Mutation.resumeFlow Mutation.retryMessage Mutation.setFlowLimits`,
  admins: `
    GET:audit GET:code-pools`,
  editors: `
    GET:distributions POST:code-pools POST:distributions Mutation.cancelDistribution Mutation.createDistributionUpload
    Mutation.pauseDistribution Mutation.resumeDistribution Mutation.startDistribution Mutation.withdrawDistribution
    Mutation.activateCouponTemplate Mutation.backfillSchedule Mutation.cancelCampaign Mutation.cancelCodePool
    Mutation.cancelOccurrence Mutation.changeCouponBudget
    Mutation.changeCouponStock Mutation.createCampaign Mutation.createCodePool Mutation.createCouponTemplate
    Mutation.createPromotion Mutation.createSegment Mutation.deleteCampaign Mutation.deleteSegment
    Mutation.disablePromotion Mutation.duplicateCampaign Mutation.duplicateCouponTemplate Mutation.enablePromotion
    Mutation.endCouponTemplate Mutation.launchCampaign Mutation.pauseCampaign Mutation.pauseCodePool
    Mutation.pauseSchedule Mutation.pushCoupon Mutation.rescheduleCampaign Mutation.resumeCampaign
    Mutation.resumeCodePool
    Mutation.resumeSchedule Mutation.returnCampaignToDraft Mutation.setHolidays
    Mutation.submitCampaign Mutation.testSend Mutation.updateCampaign Mutation.updateCouponTemplate
    Mutation.updatePromotion Mutation.updateSegment Mutation.withdrawCoupon Mutation.withdrawCouponTemplate`,
  everyone: `
    Query.viewer`,
  "members, members:write, viewers": `
    node:Member`,
  "members, orders:write, viewers": `
    node:Coupon`,
  "members, viewers": `
    Query.node`,
  members: `
    Mutation.cancelReminder Mutation.claimByLink Mutation.claimCoupon Mutation.deleteInboxMessage
    Mutation.markAllRead Mutation.markRead Mutation.popupShown Mutation.redeemCode Mutation.remindMe
    Mutation.setMyConsent Query.claimableCoupons Query.me Query.myCoupons Query.myInbox Query.nextPopup
    Query.quoteCart Query.unreadCount Subscription.inboxChanged node:InboxMessage node:Popup`,
  "members:write, editors for all shops": `
    Mutation.importMembers Mutation.setConsent Mutation.upsertMembers POST:imports`,
  "members:write, viewers for all shops": `
    Query.memberImports node:MemberImport`,
  "members:write, viewers": `
    Query.member`,
  "orders:write, editors": `
    Mutation.completeOrder Mutation.issueCoupon Mutation.redeemCoupons Mutation.refundOrder
    Mutation.releaseCoupons Query.couponByCode`,
  "orders:write, viewers": `
    Query.couponOrder Query.couponOrders Query.orderRewards node:CouponOrder`,
  "orders:write, editors for all shops": `
    Mutation.lockCoupons`,
  "orders:write, viewers for all shops": `
    Query.quoteCartFor`,
  "viewers for all shops": `
    Query.capsPolicies Query.couponNoticePolicies Query.deadLetters Query.queueMessage Query.queueMessages
    Query.queueStatus Query.sandboxFaults Query.sandboxOutbox Query.sandboxSums Query.webhooks node:Webhook
    node:WebhookDelivery`,
  viewers: `
    Query.audit Query.campaign Query.campaigns Query.codePool Query.codePools Query.contentVariables
    Query.couponConservation Query.couponTemplate Query.couponTemplates Query.estimateAudience
    Query.estimateCouponTemplate Query.findMembers Query.holidayLists Query.members Query.previewContent
    Query.promotion Query.promotions Query.run Query.runs Query.schedule Query.schedulePreview Query.schedules
    Query.segments Query.shopFigures Query.simulateCouponTemplate Query.simulateLaunch Query.whyMember
    Query.whyDistributed
    Subscription.codePoolProgress Subscription.runProgress node:Campaign node:CodePool node:CouponTemplate
    node:HolidayList node:Occurrence node:Promotion node:Run node:Schedule node:Segment
    Query.distribution Query.distributions Subscription.distributionProgress node:Distribution
    Query.hotGoods Query.hotGoodsPlans Query.lifecyclePolicies node:HotGoods node:LifecyclePolicy`,
};

const lines = new Map<string, string>();
for (const [line, names] of Object.entries(whoMay)) {
  for (const name of names.trim().split(/\s+/)) {
    if (lines.has(name)) throw new Error(`${name} is let in by two lines`);
    lines.set(name, line);
  }
}

/** Everything that a line stands for. */
export const classified = [...lines.keys()];

/** The line of {@link whoMay} that something is in. */
export const lineOf = (name: string) => lines.get(name) ?? "";

/** Whether a line lets somebody in. */
export function isLetIn(line: string, actor: Actor): boolean {
  return line.split(", ").some((who) => {
    const [, role, all] = /^(viewer|editor|approver|admin)s( for all shops)?$/.exec(who) ?? [];
    if (role) {
      const isRole = actor.kind === "operator" && roles.indexOf(actor.role) >= roles.indexOf(role as Role);
      return isRole && (!all || actor.shop === "");
    }
    if (who === "everyone") return true;
    return who === "members"
      ? actor.kind === "member"
      : actor.kind === "service" && actor.scopes.some((s) => s === who);
  });
}
