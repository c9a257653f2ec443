import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { codeTries, redeemCode } from "../../../src/coupon/claim/redeem-code.ts";
import { attempts } from "../../../src/coupon/gate/gate.ts";
import { createToken } from "../../../src/operations/token.ts";
import { askAs, dataOf, memberEnv } from "../../support/ask.ts";
import { addTemplate } from "../../support/coupons.ts";
import { read } from "../../support/graphql.ts";
import { idOf } from "../../support/operators.ts";
import { filledPool, freeCodes } from "../../support/pools.ts";
import { refusalsOf, titleOf } from "../../support/refusals.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";

type Facts = NonNullable<Parameters<typeof addTemplate>[1]>;

let shop: Shop;
let backend: string;
/** Each case has a member of its own, whose level is 0. */
let member = 0;
beforeAll(async () => {
  shop = await openShop({ env: { REDIS_URL: "", ...memberEnv } });
  await shop.members(60);
  backend = accepted(await createToken(shop.ctx, { kind: "service", name: "backend", scopes: ["orders:write"] })).token;
});
afterAll(closeShops);

const hour = 3_600_000;
const now = () => shop.ctx.clock();
const document = (mutation: string) =>
  `mutation ($input: ${titleOf(mutation)}Input!) { ${mutation}(input: $input) { __typename ${refusalsOf(mutation)} } }`;

/** As the case's member, on the face of the shop's app. */
const say = async (mutation: string, input: object) =>
  dataOf(await askAs(shop, member, document(mutation), { input }))[mutation];

/** As the shop's backend. */
async function tell(mutation: string, input: object, token = backend) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query: document(mutation), variables: { input } });
  return dataOf(await read(await fetch(`${shop.app.url}/graphql`, { method: "POST", headers, body })))[mutation];
}

const make = async (facts: Facts) => (await addTemplate(shop.ctx, facts)).id;
const key = (): string => crypto.randomUUID();
const actor = () => ({ ...shop.ctx, actor: { kind: "member", seq: member, id: `m_${member}` } as const });
const claim = (templateId: number | string, idempotencyKey = key()) =>
  say("claimCoupon", {
    templateId: typeof templateId === "number" ? idOf("CouponTemplate", templateId) : templateId,
    idempotencyKey,
  });

/** Of each reason what a template must say, by the moment. */
const reasons: Readonly<Record<string, () => Facts>> = {
  NotStarted: () => ({ opensAt: now() + hour }),
  Ended: () => ({ closesAt: now() - 1 }),
  SoldOut: () => ({ budget: 500, maxDiscount: 1_000 }),
  NotEligible: () => ({ eligibility: { level: { gte: 1 } } }),
};

describe("a claim is refused with", () => {
  test.each(Object.entries(reasons))("%s", async (type, facts) => {
    member++;
    expect((await claim(await make(facts()))).__typename).toBe(type);
  });

  test("NotStarted, which says when it opens", async () => {
    member++;
    const opensAt = now() + hour;
    expect(await claim(await make({ opensAt }))).toMatchObject({ notBefore: new Date(opensAt).toISOString() });
  });

  test("SoldOut when the last one was given to another", async () => {
    const id = await make({ stock: 1 });
    member++;
    expect((await claim(id)).__typename).toBe("Coupon");
    member++;
    expect((await claim(id)).__typename).toBe("SoldOut");
  });

  test("Ended when the shop has withdrawn it", async () => {
    member++;
    expect((await claim(await make({ state: "WITHDRAWN" }))).__typename).toBe("Ended");
  });

  test("LimitReached, which says the limit and names the coupons", async () => {
    member++;
    const id = await make({ perMember: 2 });
    for (let n = 0; n < 2; n++) await claim(id);
    const heldCouponIds = [expect.any(String), expect.any(String)];
    expect(await claim(id)).toMatchObject({ __typename: "LimitReached", limit: 2, heldCouponIds });
  });

  test("RateLimited, which says when to come again", async () => {
    member++;
    const template = await make({ stock: 1_000, perMember: 1_000 });
    await Promise.all(
      Array.from({ length: attempts.limit }, () => claimCoupon(actor(), { template, idempotencyKey: key() })),
    );
    const { __typename, retryAfterSeconds } = await claim(template);
    expect(__typename).toBe("RateLimited");
    expect(retryAfterSeconds).toBeWithin(1, attempts.periodMs / 1_000 + 1);
  });

  test("NotFound of what is not there, not claimed by members, or a draft; InvalidInput of what is no id", async () => {
    member++;
    expect((await claim(99_999_999)).__typename).toBe("NotFound");
    for (const none of ["nonsense", "1", idOf("Coupon", 1)])
      expect((await claim(none)).__typename).toBe("InvalidInput");
    for (const facts of [
      { issueMode: "SYSTEM" },
      { issueMode: "CODE", codeMode: "POOL" },
      { state: "DRAFT" },
    ] as const) {
      expect((await claim(await make(facts))).__typename).toBe("NotFound");
    }
  });

  test("Conflict for a key that was used for another, InvalidInput for none", async () => {
    member++;
    await claim(await make({}), "used");
    expect((await claim(await make({}), "used")).__typename).toBe("Conflict");
    expect(await claim(await make({}), "")).toMatchObject({ issues: [{ path: "idempotencyKey" }] });
  });
});

describe("a right code is refused with", () => {
  const redeem = (code: string, idempotencyKey = key()) => say("redeemCode", { code, idempotencyKey });
  const codes = async (facts: Facts, n = 3) => {
    const id = await make({ codeMode: "POOL", issueMode: "CODE" });
    await filledPool(shop.ctx, id, n);
    for (const [name, value] of Object.entries(facts)) {
      const column = sql.raw(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
      const plain = typeof value === "object" ? JSON.stringify(value) : value;
      await shop.ctx.db.write([sql`UPDATE coupon_template SET ${column} = ${plain} WHERE id = ${id}`]);
    }
    return freeCodes(shop.ctx.db, id);
  };

  const alike = ["NotEligible"];

  test.each(Object.entries(reasons))("%s, where it is the template's and not the member's", async (type, facts) => {
    member++;
    const { maxDiscount, ...others } = facts();
    const [code = ""] = await codes({ ...(maxDiscount === undefined ? {} : { maxDiscount }), ...others });
    expect((await redeem(code)).__typename).toBe(alike.includes(type) ? "NotFound" : type);
  });

  test("NotFound to who may have no more, and the same key of another code with Conflict", async () => {
    member++;
    const [first = "", second = ""] = await codes({});
    expect((await redeem(first, "one")).__typename).toBe("Coupon");
    expect(await redeem(second)).toMatchObject({ __typename: "NotFound" });
    expect((await redeem(second, "one")).__typename).toBe("Conflict");
  });

  test("RateLimited after too many wrong ones", async () => {
    member++;
    const [code = ""] = await codes({});
    for (let n = 0; n < codeTries.perMember.limit; n++) {
      await redeemCode(actor(), { code: "WRONG-CODE", idempotencyKey: key(), address: `a${n}` });
    }
    expect(await redeem(code)).toMatchObject({ __typename: "RateLimited", retryAfterSeconds: expect.any(Number) });
  });
});

describe("a reminder is refused with", () => {
  const remind = async (facts: Facts) => say("remindMe", { templateId: idOf("CouponTemplate", await make(facts)) });

  test("Ended, SoldOut, NotEligible and NotFound", async () => {
    member++;
    const later = { opensAt: now() + hour };
    expect((await remind({ ...later, state: "ENDED" })).__typename).toBe("Ended");
    expect((await remind({ ...later, state: "SOLD_OUT" })).__typename).toBe("SoldOut");
    expect((await remind({ ...later, ...reasons.NotEligible?.() })).__typename).toBe("NotEligible");
    expect((await remind({ ...later, issueMode: "SYSTEM" })).__typename).toBe("NotFound");
  });

  test("WrongState when open, opening too soon, or the shop sends none; taking it back once sent", async () => {
    member++;
    expect(await remind({})).toMatchObject({ currentState: "OPEN" });
    expect(await remind({ opensAt: now() + 60_000 })).toMatchObject({ currentState: "OPENING" });
    const id = await make({ opensAt: now() + hour });
    await shop.ctx.db.write([
      sql`INSERT INTO coupon_notice_policy (kind, template, enabled, set_by, set_at)
        VALUES ('DROP', ${id}, 0, 'test', 0)`,
      sql`INSERT INTO coupon_reminder VALUES (${id}, ${member}, 0)`,
    ]);
    expect(await say("remindMe", { templateId: idOf("CouponTemplate", id) })).toMatchObject({ currentState: "OFF" });
    await shop.ctx.db.write([sql`UPDATE coupon_template SET opens_at = ${now() + 60_000} WHERE id = ${id}`]);
    expect(await say("cancelReminder", { templateId: idOf("CouponTemplate", id) })).toMatchObject({
      currentState: "SENT",
    });
  });
});

describe("giving a coupon is refused with", () => {
  const issue = (templateId: number, idempotencyKey = key(), externalId = `x${member}`) =>
    tell("issueCoupon", { templateId: idOf("CouponTemplate", templateId), externalId, idempotencyKey });
  const system = { issueMode: "SYSTEM" } as const;

  test("every reason of its template but that it has not opened", async () => {
    member++;
    const { NotStarted, ...others } = reasons;
    for (const [type, facts] of Object.entries(others)) {
      expect((await issue(await make({ ...system, ...facts() }))).__typename).toBe(type);
    }
    expect((await issue(await make({ ...system, ...NotStarted?.() }))).__typename).toBe("Coupon");
    expect(await issue(await make({ ...system, state: "DRAFT" }))).toMatchObject({ currentState: "DRAFT" });
    expect((await issue(await make({ ...system, validTo: now() }))).__typename).toBe("Ended");
  });

  test("LimitReached, Conflict, NotFound and InvalidInput", async () => {
    member++;
    const id = await make(system);
    expect((await issue(id, "given")).__typename).toBe("Coupon");
    expect(await issue(id)).toMatchObject({ __typename: "LimitReached", limit: 1 });
    expect((await issue(await make(system), "given")).__typename).toBe("Conflict");
    expect((await issue(id, key(), "nobody")).__typename).toBe("NotFound");
    expect((await issue(99_999_999)).__typename).toBe("NotFound");
    expect(await issue(await make({}))).toMatchObject({ issues: [{ path: "templateId" }] });
  });
});

test("what the shop's backend may not do is Forbidden; what is wrong with an order has its type", async () => {
  const template = idOf("CouponTemplate", await make({}));
  expect((await tell("withdrawCouponTemplate", { templateId: template })).__typename).toBe("Forbidden");
  expect((await tell("createCodePool", { templateId: template, codes: 1, idempotencyKey: "k" })).__typename).toBe(
    "Forbidden",
  );
  const long = "o".repeat(101);
  for (const [mutation, input] of [
    ["redeemCoupons", {}],
    ["releaseCoupons", {}],
    ["refundOrder", { refundId: "r", policy: "KEEP" }],
  ] as const) {
    expect((await tell(mutation, { orderId: "unknown", ...input })).__typename).toBe("NotFound");
    expect(await tell(mutation, { orderId: long, ...input })).toMatchObject({ issues: [{ path: "orderId" }] });
  }
});
