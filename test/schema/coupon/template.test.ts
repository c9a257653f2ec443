import { afterAll, beforeAll, expect, test } from "bun:test";
import type { MemberContext } from "../../../src/context.ts";
import { claimCoupon } from "../../../src/coupon/claim/claim.ts";
import { createToken } from "../../../src/operations/token.ts";
import { dataOf } from "../../support/ask.ts";
import { read } from "../../support/graphql.ts";
import { amountsOf } from "../../support/money.ts";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
let [ed, vic]: Operator[] = [];
beforeAll(async () => {
  shop = await openShop({ env: { REDIS_URL: "" } });
  await shop.members(10, { level: "i" });
  [ed, vic] = await Promise.all([hire(shop, "Ed", "editor"), hire(shop, "Vic", "viewer")]);
});
afterAll(closeShops);

const usual = { name: "Ten off", discount: { instant: { off: "1000" } }, currency: "EUR" };
const made = async (more: object = {}): Promise<string> => {
  const answer = await ed!.does("createCouponTemplate", { ...usual, ...more });
  expect(answer).toEqual({ __typename: "CouponTemplate", id: expect.any(String) });
  return answer.id;
};
const live = async (more: object = {}) => {
  const template = await made(more);
  expect(await ed!.does("activateCouponTemplate", { templateId: template }, "state")).toMatchObject({
    state: "ACTIVE",
  });
  return template;
};
const rowOf = (id: string) => Number(atob(id).split(":")[1]);
const claim = (seq: number, template: string) => {
  const ctx: MemberContext = { ...shop.ctx, actor: { kind: "member", seq, id: `m${seq}` } };
  return claimCoupon(ctx, { template: rowOf(template), idempotencyKey: template });
};

test("what is said of a template is read back, each kind with its parameters", async () => {
  const discounts = [
    [
      { fullReduction: { spend: "5000", off: "500", every: true, times: 3 } },
      "FULL_REDUCTION",
      "€5 off every €50, at most 3 times",
    ],
    [{ discount: { basisPointsOff: 500, cap: "700" } }, "DISCOUNT", "5% off, at most €7"],
    [{ instant: { off: "1000" } }, "INSTANT", "€10 off"],
    [{ cash: { value: "900" } }, "CASH", "worth €9"],
  ] as const;
  const fields = `discount { kind words spend { amount } off { amount } every times basisPointsOff cap { amount }
    value { amount } }`;
  for (const [discount, kind, words] of discounts) {
    const { discount: kept } = amountsOf(await ed!.does("createCouponTemplate", { ...usual, discount }, fields));
    expect(kept).toMatchObject({ kind, words, ...Object.values(discount)[0] });
  }
  const said = {
    shop: "7",
    issueMode: "SYSTEM",
    codeMode: "ON_CLAIM",
    codePrefix: "MAY",
    perMember: 3,
    stock: "100",
    budget: "50000",
    opensAt: "2099-05-01T08:00:00.000Z",
    closesAt: "2099-06-01T08:00:00.000Z",
    activeUrl: "https://shop.test/may",
  };
  const inputs = {
    conditions: { goods: { include: ["a", "b"] }, categories: { exclude: ["books"] }, minimum: "2000" },
    stacking: { group: { name: "spring", order: 2 } },
    eligibility: { or: [{ level: { gte: 3 } }, { registeredAt: { gte: "2020-01-01T00:00:00Z" } }] },
    validity: { days: 14 },
  };
  const id = await made({ ...said, ...inputs });
  const { couponTemplate } = await vic!.get(
    `query ($id: ID!) { couponTemplate(id: $id) {
      ${Object.keys(said).join(" ").replace("budget", "budget { amount }")} state conditions conditionsInWords
      stacking eligibility maxDiscount { amount } issued createdBy history { to }
      statistics { issued used revenue { amount } } takeBack { taken } recurrence { cron }
      nextOccurrences { opensAt } validity { window { to } days hours text zh: text(language: "zh") } } }`,
    { id },
  );
  expect(couponTemplate).toEqual({
    ...said,
    budget: { amount: said.budget },
    state: "DRAFT",
    conditions: {
      goods: { include: ["a", "b"], exclude: [] },
      categories: { include: [], exclude: ["books"] },
      minimum: 2_000,
    },
    conditionsInWords: "for goods a, b; not for categories books; from €20",
    stacking: { group: "spring", order: 2 },
    eligibility: { or: [{ level: { gte: 3 } }, { registeredAt: { gte: "2020-01-01T00:00:00.000Z" } }] },
    maxDiscount: { amount: "1000" },
    issued: "0",
    createdBy: "operator Ed",
    history: [{ to: null }],
    statistics: { issued: "0", used: "0", revenue: { amount: "0" } },
    takeBack: null,
    recurrence: null,
    nextOccurrences: [],
    validity: {
      window: null,
      days: 14,
      hours: null,
      text: "Valid until the end of the 14th day after you get it",
      zh: "有效期至领取后第14天结束",
    },
  });
});

test("faults are named with their place, and null takes away what a draft said", async () => {
  const paths = async (more: object) =>
    (await ed!.does("createCouponTemplate", { ...usual, ...more })).issues.map(({ path }: { path: string }) => path);
  expect(await paths({ discount: { discount: { basisPointsOff: 10_001 } }, currency: "EURO", perMember: 0 })).toEqual([
    "currency",
    "perMember",
  ]);
  expect(await paths({ discount: { fullReduction: { spend: "10", off: "20" } } })).toEqual([
    "discount.fullReduction.off",
  ]);
  expect(await paths({ eligibility: { level: {} } })).toEqual(["eligibility.level"]);
  expect(await paths({ stacking: { exclusive: false } })).toEqual(["stacking"]);
  const before = { opensAt: "2098-01-02T00:00:00Z", closesAt: "2098-02-01T00:00:00Z" };
  expect(await paths({ ...before, validity: { window: { to: "2098-01-01T00:00:00Z" } } })).toEqual([
    "validity.window.to",
  ]);
  expect(await paths({ ...before, validTo: "2098-01-01T00:00:00Z" })).toEqual(["validTo"]);
  expect(await paths({ validDays: 0 })).toEqual(["validDays"]);
  const template = await made({ stock: "5", closesAt: "2099-01-01T00:00:00Z", eligibility: { level: { gte: 2 } } });
  const away = { stock: null, closesAt: null, eligibility: null, name: null, validity: null };
  const fields = "name stock closesAt eligibility validity { days text }";
  expect(await ed!.does("updateCouponTemplate", { templateId: template, ...away }, fields)).toMatchObject({
    ...away,
    name: "Ten off",
    validity: { days: null, text: "Valid for ever" },
  });
  const older = { templateId: template, validDays: 2 };
  expect(await ed!.does("updateCouponTemplate", older, "validDays validity { hours text }")).toMatchObject({
    validDays: 2,
    validity: { hours: 48, text: "Valid for 2 days (48 hours) from when you get it" },
  });
});

test("live edits, stock and budget: what is refused names its field, what is done holds at once", async () => {
  const template = await live({ stock: "1" });
  await claim(1, template);
  const state = async () =>
    (await vic!.get("query ($id: ID!) { couponTemplate(id: $id) { state } }", { id: template })).couponTemplate.state;
  expect(await state()).toBe("SOLD_OUT");
  const refused = await ed!.does("updateCouponTemplate", {
    templateId: template,
    discount: { cash: { value: "5" } },
    validity: { hours: 9 },
  });
  expect(refused).toMatchObject({
    refusal: "INVALID_INPUT",
    issues: [{ path: "discount" }, { path: "discount.cash" }, { path: "validity" }],
  });
  expect(await ed!.does("updateCouponTemplate", { templateId: template, name: "New" }, "name")).toMatchObject({
    name: "New",
  });
  expect(await ed!.does("changeCouponStock", { templateId: template, stock: "0" })).toMatchObject({
    issues: [{ path: "stock" }],
  });
  expect(await ed!.does("changeCouponStock", { templateId: template })).toMatchObject({ issues: [{ path: "stock" }] });
  const more = { templateId: template, stock: "2", reason: "found one", idempotencyKey: "more" };
  expect(await ed!.does("changeCouponStock", more, "state stock")).toMatchObject({ state: "ACTIVE", stock: "2" });
  expect(await claim(2, template)).toMatchObject({ number: 1 });
  expect(await ed!.does("changeCouponBudget", { templateId: template, budget: "900" })).toMatchObject({
    issues: [{ path: "budget" }],
  });
  expect(
    await ed!.does("changeCouponBudget", { templateId: template, budget: null }, "budget { amount }"),
  ).toMatchObject({
    budget: null,
  });
  const steps = "template { history { what from to actor reason } }";
  const ended = await ed!.does("endCouponTemplate", { templateId: template, reason: "enough" }, steps);
  const states = ended.template.history.filter(({ what, to }: { what: string; to: string | null }) => what === to);
  expect(ended.template.history).toContainEqual({
    what: "changed stock",
    from: "1",
    to: "2",
    actor: "operator Ed",
    reason: "found one",
  });
  expect(states.map(({ what: _, ...step }: { what: string }) => step)).toEqual([
    { from: "SOLD_OUT", to: "ENDED", actor: "operator Ed", reason: "enough" },
    { from: "ACTIVE", to: "SOLD_OUT", actor: "stock and budget", reason: null },
    { from: "SOLD_OUT", to: "ACTIVE", actor: "operator Ed", reason: "found one" },
    { from: "ACTIVE", to: "SOLD_OUT", actor: "stock and budget", reason: null },
    { from: "DRAFT", to: "ACTIVE", actor: "operator Ed", reason: null },
  ]);
  expect(await ed!.does("withdrawCouponTemplate", { templateId: template }, "__typename")).toMatchObject({
    refusal: "WRONG_STATE",
    currentState: "ENDED",
  });
  const copy = await ed!.does("duplicateCouponTemplate", { templateId: template, name: "Again" }, "name state stock");
  expect(copy).toMatchObject({ name: "Again", state: "DRAFT", stock: "2" });
});

test("conservation and statistics tell where every coupon is", async () => {
  const template = await live({ stock: "5" });
  await Promise.all([1, 2, 3].map((seq) => claim(seq, template)));
  const figures = await vic!.get(
    `query ($id: ID!) { couponConservation(templateId: $id) {
      stock issued remaining gateRemaining gatePending drift lastMended { at drift } }
      couponTemplate(id: $id) { statistics {
        issued claimed available locked used expired withdrawn discount { amount }
        revenue { amount } reserved { amount } spent { amount } } } }`,
    { id: template },
  );
  expect(figures.couponConservation).toMatchObject({ stock: "5", issued: "3", remaining: "2", lastMended: null });
  expect(figures.couponTemplate.statistics).toMatchObject({ issued: "3", claimed: "3", available: "3", used: "0" });
  const none = await vic!.get("query ($id: ID!) { couponConservation(templateId: $id) { stock } }", {
    id: idOf("CouponTemplate", 9_999),
  });
  expect(none.couponConservation).toBeNull();
});

test("a recurring template tells when it opens next, and has its occurrences", async () => {
  const recurrence = { cron: "0 10 * * *", zone: "Europe/Berlin", minutes: 15 };
  const template = await live({ stock: "5", recurrence });
  const { couponTemplate } = await vic!.get(
    `query ($id: ID!) { couponTemplate(id: $id) { recurrence { cron zone minutes }
      nextOccurrences(first: 3) { opensAt closesAt }
      occurrences { nodes { state stock opensAt recurrence { cron } } } } }`,
    { id: template },
  );
  expect(couponTemplate.recurrence).toEqual(recurrence);
  const next = couponTemplate.nextOccurrences;
  expect(next).toHaveLength(3);
  for (const { opensAt, closesAt } of next) expect(Date.parse(closesAt) - Date.parse(opensAt)).toBe(15 * 60_000);
  const made = couponTemplate.occurrences.nodes;
  expect(made.map(({ opensAt }: { opensAt: string }) => opensAt)).toEqual(
    expect.arrayContaining([next[1].opensAt, next[0].opensAt]),
  );
  expect(made[0]).toMatchObject({ state: "ACTIVE", stock: "5", recurrence: null });
  const { couponTemplates } = await vic!.get(
    '{ couponTemplates(first: 1, state: ACTIVE, shop: "") { nodes { id } pageInfo { hasNextPage } } }',
  );
  expect(couponTemplates).toMatchObject({ nodes: [{ id: template }] });
});

test("dry runs say what it would cost and warn; faults are errors with their places", async () => {
  const fields = `eligible maxCoupons maxDiscount { amount } maxCost { amount } warnings { path }
    occurrences { opensAt }`;
  const estimate = `query ($input: EstimateCouponTemplateInput!) { estimateCouponTemplate(input: $input) {
    ${fields} } }`;
  const { estimateCouponTemplate } = await vic!.get(estimate, {
    input: { ...usual, stock: "4", eligibility: { level: { lte: 6 } }, conditions: { minimum: "500" } },
  });
  expect(amountsOf(estimateCouponTemplate)).toEqual({
    eligible: "6",
    maxCoupons: "4",
    maxDiscount: "1000",
    maxCost: "4000",
    warnings: [{ path: "conditions.minimum" }],
    occurrences: [],
  });
  const faulty = await vic!.ask(estimate, { input: { ...usual, perMember: 0 } });
  expect(faulty.body.errors[0].extensions).toMatchObject({ code: "INVALID_INPUT", issues: [{ path: "perMember" }] });
  const simulated = await vic!.get(`query ($id: ID!) { simulateCouponTemplate(templateId: $id) { ${fields} } }`, {
    id: await made(),
  });
  expect(amountsOf(simulated.simulateCouponTemplate)).toMatchObject({
    eligible: "10",
    maxCoupons: "10",
    maxCost: "10000",
  });
});

test("a service gives a member one coupon of a SYSTEM template, once per key, and may do nothing else", async () => {
  const { token } = accepted(
    await createToken(shop.ctx, { kind: "service", name: "backend", scopes: ["orders:write"] }),
  );
  const ask = async (query: string, variables: unknown) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const body = JSON.stringify({ query, variables });
    return dataOf(await read(await fetch(`${shop.app.url}/graphql`, { method: "POST", headers, body })));
  };
  const issue = async (input: object) =>
    (
      await ask(
        `mutation ($input: IssueCouponInput!) { issueCoupon(input: $input) { __typename ... on Coupon {
          id state validTo }
          ... on Refusal { refusal } ... on InvalidInput { issues { path } } } }`,
        { input },
      )
    ).issueCoupon;
  const templateId = await live({ issueMode: "SYSTEM", stock: "2", validity: { days: 3 } });
  const first = await issue({ templateId, externalId: "x1", idempotencyKey: "one" });
  expect(first).toEqual({
    __typename: "Coupon",
    id: expect.any(String),
    state: "AVAILABLE",
    validTo: expect.any(String),
  });
  expect(await issue({ templateId: templateId, externalId: "x1", idempotencyKey: "one" })).toEqual(first);
  expect(await issue({ templateId, memberId: idOf("Member", 2), idempotencyKey: "one" })).toMatchObject({
    refusal: "CONFLICT",
  });
  expect(await issue({ templateId, memberId: idOf("Member", 1), idempotencyKey: "two" })).toMatchObject({
    __typename: "LimitReached",
  });
  expect(await issue({ templateId, idempotencyKey: "two" })).toMatchObject({ issues: [{ path: "memberId" }] });
  const many = await live({ issueMode: "SYSTEM", perMember: 3 });
  const validity = { window: { to: "2099-01-01T00:00:00Z" } };
  const gift = {
    templateId: many,
    externalId: "x1",
    idempotencyKey: "many",
    quantity: 3,
    source: "order/A-1",
    validity,
  };
  const given = await issue(gift);
  expect(given.validTo).toBe("2099-01-01T00:00:00.000Z");
  const all = `mutation ($input: IssueCouponInput!) { issueCoupon(input: $input) { ... on Coupon {
    source givenFor givenTogether { id givenFor source } } } }`;
  const { issueCoupon } = await ask(all, { input: gift });
  const told = { source: "ISSUE", givenFor: "order/A-1" };
  expect(issueCoupon).toEqual({ ...told, givenTogether: Array(3).fill({ ...told, id: expect.any(String) }) });
  expect(issueCoupon.givenTogether[0].id).toBe(given.id);
  expect(await issue({ ...gift, quantity: 4 })).toMatchObject({ refusal: "CONFLICT" });
  expect(await issue({ ...gift, idempotencyKey: "x", source: "gift" })).toMatchObject({ issues: [{ path: "source" }] });
  const stop = `mutation ($input: EndCouponTemplateInput!) { endCouponTemplate(input: $input) { __typename } }`;
  expect((await ask(stop, { input: { templateId } })).endCouponTemplate.__typename).toBe("Forbidden");
  expect((await vic!.does("endCouponTemplate", { templateId }, "__typename")).__typename).toBe("Forbidden");
});
