import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { addTemplate } from "../../support/coupons.ts";
import { amountsOf } from "../../support/money.ts";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
let [ed, ada, vic]: Operator[] = [];
beforeAll(async () => {
  shop = await openShop({ env: { APPROVAL_ABOVE: "30" } });
  await shop.members(30);
  [ed, ada, vic] = await Promise.all([
    hire(shop, "Ed", "editor"),
    hire(shop, "Ada", "approver"),
    hire(shop, "Vic", "viewer"),
  ]);
});
afterAll(closeShops);

const rule = { fullReduction: [{ spend: "20000", off: "3000" }] };
const made = async (more: object = {}): Promise<string> => {
  const answer = await ed!.does("createPromotion", { name: "Spend 200, save 30", currency: "EUR", rule, ...more });
  expect(answer).toEqual({ __typename: "Promotion", id: expect.any(String) });
  return answer.id;
};
const enabledFields = `promotion { enabled acting announcements { id } }
  announcement { id name state startsAt endsAt channels audience { everyone } runs { nodes { number } } }`;
const enable = (promotion: string, more: object = {}) =>
  ed!.does("enablePromotion", { promotionId: promotion, ...more }, enabledFields);
/** Reads what waits of a promotion, and approves of it. */
const approve = async (promotion: string, fields = enabledFields) => {
  const { review } = await reviewed(promotion);
  return ada!.does("approvePromotion", { promotionId: promotion, version: review?.version ?? "none" }, fields);
};
const reviewed = async (promotion: string) =>
  (
    await vic!.get(
      `query ($id: ID!) { promotion(id: $id) { enabled startsAt
        review { what version changes members askedBy announcement { id state } } } }`,
      { id: promotion },
    )
  ).promotion;
const campaigns = async () => (await shop.ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM campaign`))?.n ?? 0;

test("a promotion of each kind is kept with its tiers", async () => {
  const { id: couponTemplate } = await addTemplate(shop.ctx, { issueMode: "SYSTEM" });
  const rules = {
    FULL_REDUCTION: rule,
    DISCOUNT: { discount: [{ spend: "20000", basisPointsOff: 500 }] },
    COUPON: { coupon: [{ spend: "20000", couponTemplateId: idOf("CouponTemplate", couponTemplate) }] },
  };
  for (const [kind, given] of Object.entries(rules)) {
    const fields =
      "kind enabled acting tiers { spend { amount } off { amount } basisPointsOff couponTemplateId points }";
    const answer = amountsOf(await ed!.does("createPromotion", { name: kind, currency: "EUR", rule: given }, fields));
    const tiers = Object.values<object[]>(given)[0]?.map((tier) => expect.objectContaining(tier));
    expect(answer).toMatchObject({ __typename: "Promotion", kind, enabled: false, acting: false, tiers });
  }
  const { promotions } = await vic!.get("{ promotions(first: 1) { nodes { kind } pageInfo { hasNextPage } } }");
  expect(promotions).toEqual({ nodes: [{ kind: "COUPON" }], pageInfo: { hasNextPage: true } });
});

test("faulty tiers and windows are refused with their place", async () => {
  const paths = async (more: object) =>
    (await ed!.does("createPromotion", { name: "x", currency: "EUR", rule, ...more })).issues.map(
      ({ path }: { path: string }) => path,
    );
  expect(await paths({ rule: { fullReduction: [{ spend: "10", off: "20" }] } })).toEqual(["rule.fullReduction.0.off"]);
  expect(await paths({ rule: { discount: [{ spend: "10", basisPointsOff: 10_000 }] } })).toEqual([
    "rule.discount.0.basisPointsOff",
  ]);
  const falling = [
    { spend: "20", basisPointsOff: 1 },
    { spend: "10", basisPointsOff: 2 },
  ];
  expect(await paths({ rule: { discount: falling } })).toEqual(["rule.discount"]);
  expect(await paths({ rule: { points: [{ spend: "20", points: 1 }] } })).toEqual(["rule.points"]);
  expect(await paths({ rule: { coupon: [] }, name: "" })).toEqual(["name", "rule.coupon"]);
  const nowhere = [{ spend: "10", couponTemplateId: idOf("CouponTemplate", 99_999) }];
  expect(await paths({ rule: { coupon: nowhere } })).toEqual(["rule.coupon.0.couponTemplateId"]);
  expect(await paths({ startsAt: "2030-01-02T00:00:00Z", endsAt: "2030-01-01T00:00:00Z" })).toEqual(["endsAt"]);
});

test("enabling announces it to everyone, once; again only when asked", async () => {
  const id = await made({ remark: "Until Sunday {{ no template }}" });
  const before = await campaigns();
  const { promotion, announcement } = await enable(id);
  expect(promotion).toMatchObject({ enabled: true, acting: true, announcements: [{ id: announcement.id }] });
  expect(announcement).toMatchObject({
    name: "Spend 200, save 30",
    state: "ACTIVE",
    startsAt: null,
    channels: ["IN_APP"],
    audience: { everyone: true },
  });
  const run = announcement.runs.nodes[0].number;
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 30 });
  const preview = await vic!.get(
    `query ($id: ID!, $member: ID!) { previewContent(campaignId: $id, memberId: $member, channel: IN_APP) {
      parts { name text } } }`,
    { id: announcement.id, member: idOf("Member", 1) },
  );
  expect(preview.previewContent.parts).toEqual(
    expect.arrayContaining([
      { name: "title", text: "Spend 200, save 30" },
      { name: "body", text: expect.stringMatching(/€30 off from €200.*Until Sunday \{\{ no template \}\}$/s) },
    ]),
  );

  expect((await enable(id)).announcement).toBeNull();
  await ed!.does("disablePromotion", { promotionId: id }, "promotion { id }");
  await ed!.does("updatePromotion", { promotionId: id, name: "Spend more" });
  expect((await enable(id)).announcement).toBeNull();
  expect(await campaigns()).toBe(before + 1);
  const again = await enable(id, { announce: "EVERYONE", announcement: { title: "Now", channels: ["EMAIL"] } });

  expect(again.announcement).toMatchObject({ name: "Spend more", channels: ["EMAIL"] });
  expect(await campaigns()).toBe(before + 2);
});

test("I6 enabled by many at once, or asked again with the same key, it announces exactly once", async () => {
  const id = await made();
  const before = await campaigns();
  const answers = await Promise.all(Array.from({ length: 8 }, () => enable(id)));
  expect(answers.filter(({ announcement }) => announcement !== null)).toHaveLength(1);
  const key = { announce: "EVERYONE", idempotencyKey: "again" };
  const [first, second] = [await enable(id, key), await enable(id, key)];
  expect(second).toEqual(first);
  expect(await campaigns()).toBe(before + 2);
  expect((await enable(id, { ...key, announce: "NO" })).__typename).toBe("Conflict");
});

test("one that starts later is announced then, unless it is disabled before", async () => {
  const id = await made({ startsAt: "2099-01-01T00:00:00Z", endsAt: "2099-02-01T00:00:00Z" });
  const { promotion, announcement } = await enable(id);
  expect(promotion.acting).toBe(false);
  expect(announcement).toMatchObject({ startsAt: "2099-01-01T00:00:00.000Z", endsAt: "2099-02-01T00:00:00.000Z" });
  expect(await shop.state(announcement.runs.nodes[0].number)).toBe("PENDING");
  const stopped = "promotion { enabled } stopped { campaign { id } told underWay untold }";
  expect(await ed!.does("disablePromotion", { promotionId: id }, stopped)).toMatchObject({
    promotion: { enabled: false },
    stopped: [{ campaign: { id: announcement.id }, told: 0, underWay: 0, untold: 30 }],
  });
  expect(await shop.state(announcement.runs.nodes[0].number)).toBe("CANCELLED");
  expect((await enable(id)).announcement).toBeNull();
  expect((await enable(id, { announce: "UNREACHED" })).announcement).toMatchObject({ state: "ACTIVE" });
});

test("an announcement that has not begun moves with the promotion's window", async () => {
  const id = await made({ startsAt: "2099-01-01T00:00:00Z" });
  const { announcement } = await enable(id);
  const run = announcement.runs.nodes[0].number;
  const due = async () =>
    (
      await vic!.get("query ($id: ID!) { run(id: $id) { dueAt campaign { startsAt endsAt } } }", {
        id: idOf("Run", run),
      })
    ).run;
  const window = { startsAt: "2098-01-01T00:00:00.000Z", endsAt: "2098-02-01T00:00:00.000Z" };
  const before = await due();
  await ed!.does("updatePromotion", { promotionId: id, ...window });
  expect(await due()).toEqual(before);
  expect((await reviewed(id)).review).toMatchObject({
    what: "EDIT",
    changes: ["start: 2099-01-01T00:00:00.000Z → 2098-01-01T00:00:00.000Z", "end: never → 2098-02-01T00:00:00.000Z"],
    members: null,
    askedBy: ["operator Ed"],
    announcement: null,
  });
  await approve(id);
  expect(await due()).toEqual({ dueAt: window.startsAt, campaign: window });
  await ed!.does("updatePromotion", { promotionId: id, startsAt: "2020-01-01T00:00:00Z" });
  await approve(id);
  await shop.becomes(run, "COMPLETED");
});

test("what cannot be announced is not enabled either", async () => {
  const enabled = async (id: string) =>
    (await vic!.get("query ($id: ID!) { promotion(id: $id) { enabled } }", { id })).promotion.enabled;
  const over = await made({ startsAt: "2020-01-01T00:00:00Z", endsAt: "2021-01-01T00:00:00Z" });
  expect(await enable(over)).toMatchObject({ __typename: "WrongState", currentState: "ENDED" });
  const wordy = await made({ remark: "x".repeat(2_000) });
  const onSms = { announcement: { channels: ["SMS"] } };
  expect(await enable(wordy, onSms)).toMatchObject({ issues: [{ path: "content.SMS.default.text" }] });
  expect([await enabled(over), await enabled(wordy)]).toEqual([false, false]);
  const both = { announcement: { body: "x", content: [{ parts: { inApp: { title: "x", body: "x" } } }] } };
  expect(await enable(wordy, both)).toMatchObject({ issues: [{ path: "announcement.content" }] });
  const unknown = { announcement: { body: "{{ promotion.colour }}" } };
  expect(await enable(wordy, unknown)).toMatchObject({ issues: [{ path: "content.IN_APP.default.body:1:4" }] });
  expect(await enabled(wordy)).toBe(false);
  const gone = idOf("Promotion", 999);
  expect((await enable(gone)).__typename).toBe("NotFound");
  expect((await ed!.does("disablePromotion", { promotionId: gone }, "__typename")).__typename).toBe("NotFound");
  expect((await ed!.does("updatePromotion", { promotionId: gone })).__typename).toBe("NotFound");
  for (const mutation of ["enablePromotion", "disablePromotion"]) {
    expect((await vic!.does(mutation, { promotionId: wordy }, "__typename")).__typename).toBe("Forbidden");
  }
});

test("made and enabled in one; above the approval size a second person approves of both, and it goes on", async () => {
  const few = await made({ enabled: true });
  expect(await reviewed(few)).toMatchObject({ enabled: true, review: null });
  await shop.members(1);
  const id = await made({ enabled: true, idempotencyKey: "made" });
  expect(await made({ enabled: true, idempotencyKey: "made" })).toBe(id);
  const waits = await reviewed(id);
  expect(waits).toMatchObject({
    enabled: false,
    review: { what: "ENABLE", members: 31, askedBy: ["operator Ed"], announcement: { state: "DRAFT" } },
  });
  const said = { promotionId: id, version: waits.review.version };
  for (const who of [ed!, vic!]) {
    expect((await who.does("approvePromotion", said, "__typename")).__typename).toBe("Forbidden");
    expect((await who.does("rejectPromotion", { promotionId: id })).__typename).toBe("Forbidden");
  }
  const { promotion, announcement } = await ada!.does("approvePromotion", said, enabledFields);
  expect(promotion).toMatchObject({ enabled: true, announcements: [{ id: announcement.id }] });
  const run = announcement.runs.nodes[0].number;
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 31 });
  expect(await ada!.does("approvePromotion", said, "__typename")).toMatchObject({ currentState: "ENABLED" });

  const no = await made();
  expect((await enable(no)).announcement).toBeNull();
  const fields = "enabled review { what } announcements { id } history { what actor reason }";
  expect(await ada!.does("rejectPromotion", { promotionId: no, reason: "too early" }, fields)).toMatchObject({
    enabled: false,
    review: null,
    announcements: [],
    history: [
      { what: "rejected", actor: "operator Ada", reason: "too early" },
      { what: "asked for approval: enabled, and announced to 31 members", actor: "operator Ed" },
      { what: "created" },
    ],
  });
});
