import { type SQL, sql } from "drizzle-orm";
import { unissuable } from "../../coupon/issue/issuable.ts";
import type { Query } from "../../db/statement.ts";
import { contentPurposes } from "../content/purposes.ts";
import { addSends, skipAdded } from "../ledger/add-sends.ts";
import { rewardChannel } from "../ledger/channel.ts";
import { countMostlySent } from "../ledger/counts.ts";
import { rewardSkipReason } from "../ledger/decision.ts";
import { audienceOf, bound, countMatched, type Page, rowsOfPage, skippedOn } from "../ledger/page-rows.ts";
import type { Taken } from "./action.ts";
import { choiceIssues, findGiven, freezeReward, startIssues } from "./coupon-choice.ts";
import { couponGiven, couponScope } from "./coupon-message.ts";
import {
  CouponReward,
  couponSkipReasons,
  issuedToMembers,
  issueToMembers,
  left,
  rulesOfGiving,
  shortage,
  takeForPage,
} from "./coupon-reward.ts";
import { simulateCoupons } from "./coupon-simulation.ts";
import { defineAction } from "./define.ts";

/**
 * Gives coupons: each member of a page has a row in the ledger, SENT with its coupon or SKIPPED with the reason. What
 * is left of stock and budget goes to the first on the page; there is one writer at a time, so no other page, claim or
 * issue can take it in between.
 */
export const give = defineAction({
  kind: "COUPON_ISSUE",
  describe: "Coupons, straight into the wallets; on its channels, if it has any, a message to those who got one.",
  channels: "optional",
  input: {
    issues: (ctx, choice) => choiceIssues(ctx, choice, unissuable),
    startIssues: (ctx, choice, startsAt) => startIssues(ctx, choice, startsAt, findGiven),
  },
  facts: { schema: CouponReward, freeze: (ctx, choice) => freezeReward(ctx, choice, findGiven, { isGiven: true }) },
  content: {
    variables: contentPurposes.GIVEN.variables,
    own: couponGiven,
    values: (ctx, reward, reader) => couponScope(ctx, reward, reader),
  },
  skipReasons: {
    ...couponSkipReasons,
    NO_COUPON: "The member got no coupon, and the message is for those who did.",
  },
  gives: {
    channel: rewardChannel,
    missing: "NO_COUPON",
    describe: { given: "The coupon was put into the member's wallet.", summary: "The member got a coupon" },
    skipRules: rulesOfGiving,
    take: takeForPage,
    decide,
    issue: (page, reward) => {
      const members = sql`SELECT member FROM send WHERE ${givenOn(page)} ORDER BY member`;
      return issueToMembers(reward, { run: page.run, members, now: page.now, zone: page.zone });
    },
    count: (page) => countMostlySent(page, rewardChannel),
    issued: issuedToMembers,
  },
  simulate: simulateCoupons,
});

function decide(page: Page, reward: CouponReward, taken: Taken | undefined): Query[] {
  const own = rewardSkipReason({ endsAt: page.endsAt, rules: rulesOfGiving(reward, page.now) }, page.now);
  // Where the gate has nothing the database is asked first, which it does once for all: so that nobody is put down as
  // one who gets a coupon, only to be skipped after all.
  const isOut = sql`CASE WHEN ${left(reward)} <= 0 THEN ${shortage(reward)} END`;
  const skip = skippedOn(page, taken?.units === 0 ? sql`coalesce(${own}, ${isOut})` : own);
  return [
    addSends(page, { channel: rewardChannel, members: audienceOf(page), skip, ready: "SENT" }),
    countMatched(page),
    skipBeyond(page, reward),
  ];
}

/** The rows of those who are given one. */
function givenOn(page: Page): SQL {
  return sql`${rowsOfPage(page, rewardChannel)} AND state = 'SENT'`;
}

/**
 * Those for whom nothing is left, the last of the page. While there is more than the page has room, nobody is looked
 * at.
 */
function skipBeyond(page: Page, reward: CouponReward): Query {
  const [from, to] = [bound(page, "from_seq"), bound(page, "to_seq")];
  const beyond = sql`
    ${givenOn(page)} AND member >= CASE WHEN ${left(reward)} < ${to} - ${from} THEN (
        SELECT member FROM send WHERE ${givenOn(page)} ORDER BY member LIMIT 1 OFFSET ${left(reward)}) END`;
  return skipAdded(beyond, shortage(reward));
}
