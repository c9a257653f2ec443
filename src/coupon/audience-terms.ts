import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { type AudienceEnv, type AudienceTerm, allOf, defineTerm, idOf } from "../audience/term.ts";
import { isOwnRow } from "../shop.ts";
import { isNow } from "./state-now.ts";
import { couponStates } from "./table.ts";
import { inAvailableIndex } from "./wallet/expiry.ts";

const hourMs = 3_600_000;
const moment = z.iso.datetime({ offset: true });
const template = idOf("CouponTemplate").describe("The coupon template.");

const Holds = z.strictObject({
  template,
  status: z
    .enum(couponStates)
    .optional()
    .describe("In this state: AVAILABLE, LOCKED, USED, EXPIRED or WITHDRAWN; without one, in any."),
});

const Claimed = z.strictObject({
  template: template.optional().describe("Of this coupon template; without one, of any."),
  since: moment.describe("At this moment or later."),
});

const Expiring = z.strictObject({
  template,
  after: moment.optional().describe("Later than this; without one, later than now."),
  until: moment.optional().describe("At this moment or earlier."),
  inNextHours: z.int().min(1).max(8_760).optional().describe("Within the next N hours."),
  heldSince: moment.optional().describe("Only coupons that the member got at this moment or earlier."),
});

const Reminded = z.strictObject({ template });

/** What coupons know of their members. */
export const couponTerms: readonly AudienceTerm[] = [
  defineTerm({
    name: "holdsCoupon",
    description: "Members who hold, or held, a coupon of a template.",
    schema: Holds,
    compile: ({ template, status }, env) => sql`(${isThere(env, sql`${template}`)} AND EXISTS (
      SELECT 1 FROM coupon c WHERE c.member = m.seq AND c.template = ${template} AND ${inState(status, env.asOf)}))`,
  }),
  defineTerm({
    name: "claimedCoupon",
    description: "Members who got a coupon, by claiming it or otherwise, since a moment.",
    schema: Claimed,
    compile: ({ template, since }, env) => sql`EXISTS (
      SELECT 1 FROM coupon c
      WHERE c.member = m.seq AND ${template === undefined ? sql`1` : sql`c.template = ${template}`}
        AND c.at >= ${Date.parse(since)} AND ${isThere(env, sql`c.template`)})`,
  }),
  defineTerm({
    name: "couponExpiring",
    description: "Members with an unused coupon of a template that expires in a span of time.",
    schema: Expiring,
    indexed: () => true,
    compile: ({ template, after, until, inNextHours, heldSince }, env) => {
      const { asOf, from } = env;
      const span = allOf([
        isThere(env, sql`${template}`),
        sql`c.valid_to > ${after === undefined ? asOf : Date.parse(after)}`,
        ...(until === undefined ? [] : [sql`c.valid_to <= ${Date.parse(until)}`]),
        ...(inNextHours === undefined ? [] : [sql`c.valid_to <= ${asOf + inNextHours * hourMs}`]),
        ...(heldSince === undefined ? [] : [sql`c.at <= ${Date.parse(heldSince)}`]),
      ]);
      if (from === "index") {
        return sql`m.seq IN (
          SELECT c.member FROM coupon c WHERE c.template = ${template} AND ${inAvailableIndex} AND ${span})`;
      }
      return sql`EXISTS (
        SELECT 1 FROM coupon c
        WHERE c.member = m.seq AND c.template = ${template} AND c.state = 'AVAILABLE' AND ${span})`;
    },
  }),
  defineTerm({
    name: "couponReminder",
    description: "Members who asked to be reminded before a template opens; of a recurring one, name the occurrence.",
    schema: Reminded,
    indexed: () => true,
    compile: ({ template }, env) => {
      const asked = sql`coupon_reminder r WHERE r.template = ${template} AND ${isThere(env, sql`${template}`)}`;
      return env.from === "index"
        ? sql`m.seq IN (SELECT r.member FROM ${asked})`
        : sql`EXISTS (SELECT 1 FROM ${asked} AND r.member = m.seq)`;
    },
  }),
];

/** Whether a template is there for whatever the audience is for. */
function isThere({ shop }: AudienceEnv, template: SQL): SQL {
  return isOwnRow(shop, sql`coupon_template`, template);
}

function inState(status: z.infer<typeof Holds>["status"], asOf: number) {
  return status === undefined ? sql`1` : isNow(status, asOf);
}
