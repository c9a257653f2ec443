import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { addAlike, addTemplate } from "../../support/coupons.ts";
import { serveGraphql } from "../../support/graphql.ts";
import { idOf } from "../../support/operators.ts";
import { hasRedis } from "../../support/redis-server.ts";
import { until } from "../../support/wait.ts";
import { openWallets, type Wallets } from "../../support/wallets.ts";

let wallets: Wallets;
let server: Awaited<ReturnType<typeof serveGraphql>>;
let tokens: string[];
beforeAll(async () => {
  wallets = await openWallets({ redis: hasRedis });
  server = await serveGraphql({ contextFor: (actor) => ({ ...wallets.ctx, actor }) });
  tokens = [];
  for (let n = 1; n <= 5; n++) tokens.push(await server.member(`x${n}`));
  await server.db.write([sql`UPDATE member SET time_zone = 'Asia/Shanghai' WHERE external_id = 'x5'`]);
});
afterAll(async () => {
  await server.stop();
  await wallets.close();
});

const as = async (member: number, query: string, variables?: unknown) => {
  const { body } = await server.ask("app", query, { token: tokens[member - 1], variables });
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
};
const list = `query ($status: WalletStatus!, $first: Int, $after: String) {
  myCoupons(status: $status, first: $first, after: $after) {
    nodes { id state code validTo
      template { templateId name description conditions threshold { text } currency validity { days text } } }
    pageInfo { hasNextPage endCursor }
  }
}`;

test("a member pages through coupons with what each promises, and the templates are read together", async () => {
  const templates = await Promise.all([
    addTemplate(wallets.ctx, { name: "Tea", kind: "FULL_REDUCTION", params: { spend: 5_000, off: 700 }, perMember: 9 }),
    addTemplate(wallets.ctx, { name: "Cups", conditions: { goods: { include: ["cup"] }, minimum: 300 }, perMember: 9 }),
    addTemplate(wallets.ctx, {
      name: "All",
      kind: "DISCOUNT",
      params: { basisPointsOff: 500 },
      validDays: 7,
      perMember: 9,
    }),
  ]);
  for (let n = 0; n < 12; n++) {
    await wallets.give(1, { template: templates[n % 3]?.id ?? 0, validTo: wallets.ctx.clock() + (n + 1) * 60_000 });
  }
  const before = wallets.reads();
  const { nodes, pageInfo } = (await as(1, list, { status: "AVAILABLE", first: 10 })).myCoupons;
  expect(wallets.reads() - before).toBeLessThanOrEqual(2);
  expect(
    nodes.slice(0, 3).map(({ state, template }: { state: string; template: unknown }) => ({ state, template })),
  ).toEqual([
    {
      state: "AVAILABLE",
      template: {
        templateId: idOf("CouponTemplate", templates[0]?.id ?? 0),
        name: "Tea",
        description: "€7 off from €50",
        conditions: "",
        threshold: { text: "€50" },
        currency: "EUR",
        validity: { days: null, text: "Valid for ever" },
      },
    },
    {
      state: "AVAILABLE",
      template: {
        templateId: idOf("CouponTemplate", templates[1]?.id ?? 0),
        name: "Cups",
        description: "€10 off",
        conditions: "for goods cup; from €3",
        threshold: { text: "€3" },
        currency: "EUR",
        validity: { days: null, text: "Valid for ever" },
      },
    },
    {
      state: "AVAILABLE",
      template: {
        templateId: idOf("CouponTemplate", templates[2]?.id ?? 0),
        name: "All",
        description: "5% off",
        conditions: "",
        threshold: { text: "€0" },
        currency: "EUR",
        validity: { days: 7, text: "Valid until the end of the 7th day after you get it" },
      },
    },
  ]);
  expect(pageInfo.hasNextPage).toBe(true);
  const rest = (await as(1, list, { status: "AVAILABLE", first: 10, after: pageInfo.endCursor })).myCoupons;
  expect([rest.nodes.length, rest.pageInfo.hasNextPage]).toEqual([2, false]);
  expect((await as(2, list, { status: "AVAILABLE" })).myCoupons.nodes).toEqual([]);
});

test("a claimed coupon is in the wallet with the next look, also where an empty one was remembered", async () => {
  const { id } = await addTemplate(wallets.ctx, { stock: 5 });
  expect((await as(3, list, { status: "AVAILABLE" })).myCoupons.nodes).toEqual([]);
  const claim = `mutation ($id: ID!) { claimCoupon(input: { templateId: $id, idempotencyKey: "k" }) {
    ... on Coupon { id } } }`;
  const { claimCoupon } = await as(3, claim, { id: idOf("CouponTemplate", id) });
  await until(async () => (await as(3, list, { status: "AVAILABLE" })).myCoupons.nodes.length === 1);
  expect((await as(3, list, { status: "AVAILABLE" })).myCoupons.nodes[0].id).toBe(claimCoupon.id);
});

test("what a template promises is told anew, in every language, a second after it was changed", async () => {
  const { id } = await addTemplate(wallets.ctx, { kind: "INSTANT", params: { off: 300 }, validDays: 3 });
  const coupon = idOf("Coupon", await wallets.give(3, { template: id }));
  const ask = `query ($coupon: ID!) { node(id: $coupon) { ... on Coupon { template {
    threshold { text } description chinese: description(language: "zh") conditions validity { text } } } } }`;
  const told = async () => Object.values((await as(3, ask, { coupon })).node.template);
  const first = [
    { text: "€0" },
    "€3 off",
    "立减€3",
    "",
    { text: "Valid until the end of the 3rd day after you get it" },
  ];
  expect(await told()).toEqual(first);
  const changed = [
    sql`UPDATE coupon_template SET params = '{"off":400}', conditions = '{"minimum":900}', valid_days = 1
    WHERE id = ${id}`,
  ];
  await wallets.db.write(changed);
  wallets.pass(1_000);
  expect(await told()).toEqual([
    { text: "€9" },
    "€4 off",
    "立减€4",
    "from €9",
    { text: "Valid until the end of the day after you get it" },
  ]);
});

test("offers say what can be done; a reminder is asked for, shown, taken back; refusals have types", async () => {
  await wallets.db.write([sql`UPDATE coupon_template SET state = 'ENDED'`]);
  const opensAt = wallets.ctx.clock() + 3_600_000;
  const { id } = await addTemplate(wallets.ctx, { name: "Drop", opensAt, perMember: 2 });
  wallets.pass(1_000);
  const offers = `{ claimableCoupons(first: 5) {
    nodes { template { templateId name } state opensAt held limit isReminded }
    pageInfo { hasNextPage endCursor } } }`;
  const offered = {
    template: { templateId: idOf("CouponTemplate", id), name: "Drop" },
    state: "NOT_STARTED",
    held: 0,
    limit: 2,
  };
  const opens = new Date(opensAt).toISOString();
  expect((await as(4, offers)).claimableCoupons.nodes).toEqual([{ ...offered, opensAt: opens, isReminded: false }]);
  const say = (verb: string, template: number) =>
    as(
      4,
      `mutation ($id: ID!) { ${verb}(input: { templateId: $id }) {
      __typename ... on CouponReminder { remindAt opensAt template { name } } ... on WrongState { currentState } } }`,
      { id: idOf("CouponTemplate", template) },
    );
  const reminder = { __typename: "CouponReminder", opensAt: opens, template: { name: "Drop" } };
  const remindAt = new Date(opensAt - 300_000).toISOString();
  expect((await say("remindMe", id)).remindMe).toEqual({ ...reminder, remindAt });
  expect((await as(4, offers)).claimableCoupons.nodes).toEqual([{ ...offered, opensAt: opens, isReminded: true }]);
  expect((await say("cancelReminder", id)).cancelReminder).toEqual({ ...reminder, remindAt });
  expect((await say("cancelReminder", id)).cancelReminder).toEqual({ __typename: "NotFound" });
  wallets.pass(3_590_000);
  expect((await say("remindMe", id)).remindMe).toEqual({ __typename: "WrongState", currentState: "OPENING" });
});

test("operators say how members are reminded, and read it back", async () => {
  const token = await server.token({ kind: "operator", name: "Kim", role: "approver" });
  const set = `mutation { setCouponNoticePolicy(input: { kind: EXPIRY, leadMinutes: 120, channels: [SMS, EMAIL],
    content: [{ parts: { sms: { text: "{{ campaign.name }} ends" } } }] }) { __typename } }`;
  const { body } = await server.ask("graphql", set, { token });
  expect(body.data.setCouponNoticePolicy).toEqual({ __typename: "CouponNoticePolicy" });
  const read = await server.ask(
    "graphql",
    "{ couponNoticePolicies { kind templateId enabled leadMinutes channels content } }",
    { token },
  );
  expect(read.body.data.couponNoticePolicies).toEqual([
    {
      kind: "EXPIRY",
      templateId: null,
      enabled: true,
      leadMinutes: 120,
      channels: ["SMS", "EMAIL"],
      content: { SMS: { default: { text: "{{ campaign.name }} ends" } } },
    },
  ]);
  const faulty = set.replace("120", "5");
  const refused = await server.ask(
    "graphql",
    faulty.replace("__typename", "__typename ... on InvalidInput { issues { path } }"),
    { token },
  );
  expect(refused.body.data.setCouponNoticePolicy).toEqual({
    __typename: "InvalidInput",
    issues: [{ path: "leadMinutes" }],
  });
});

test("wallets are for members: the operators' face cannot ask for coupons as somebody else", async () => {
  const token = await server.token({ kind: "operator", name: "Ada", role: "admin" });
  const { body, code } = await server.ask("graphql", "{ myCoupons(status: USED) { nodes { id } } }", { token });
  expect([body.data ?? null, code]).toEqual([null, "FORBIDDEN"]);
});

test("a page of offers that ended early says that there is more, and where to go on", async () => {
  await wallets.db.write([sql`UPDATE coupon_template SET state = 'ENDED'`]);
  await addAlike(wallets.ctx, 201, { eligibility: { points: { eq: 1 } } });
  await wallets.db.write([
    sql`UPDATE coupon_template SET eligibility = json_object('points', json_object('eq', -id)) WHERE state = 'ACTIVE'`,
  ]);
  const { id } = await addTemplate(wallets.ctx, {});
  wallets.pass(1_000);
  const page = `query ($after: String) { claimableCoupons(first: 5, after: $after) {
    nodes { template { templateId } } pageInfo { hasNextPage endCursor } } }`;
  const first = (await as(4, page)).claimableCoupons;
  expect([first.nodes, first.pageInfo.hasNextPage]).toEqual([[], true]);
  const second = (await as(4, page, { after: first.pageInfo.endCursor })).claimableCoupons;
  expect(second.nodes).toEqual([{ template: { templateId: idOf("CouponTemplate", id) } }]);
  expect(second.pageInfo.hasNextPage).toBe(false);
});

test("how long it is good is told by the member's own clock, and whose clock that is", async () => {
  const [from, to] = [Date.UTC(2099, 0, 1, 16), Date.UTC(2099, 0, 31, 16)];
  const { id } = await addTemplate(wallets.ctx, { validFrom: from, validTo: to });
  for (const member of [4, 5]) await wallets.give(member, { template: id, validTo: to });
  const text = async (member: number) => {
    const { nodes } = (await as(member, list, { status: "AVAILABLE", first: 50 })).myCoupons;
    const isIt = ({ template }: { template: { templateId: string } }) =>
      template.templateId === idOf("CouponTemplate", id);
    return nodes.find(isIt).template.validity.text;
  };
  expect(await text(4)).toBe("Valid from January 1, 2099 at 5:00 PM until January 31, 2099 at 5:00 PM GMT+1");
  expect(await text(5)).toBe("Valid from January 2, 2099 at 12:00 AM until January 31, 2099 at 11:59 PM GMT+8");
});
