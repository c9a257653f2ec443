import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { dataOf } from "../../support/ask.ts";
import { addTemplate } from "../../support/coupons.ts";
import { serveGraphql } from "../../support/graphql.ts";
import { idOf } from "../../support/operators.ts";
import { refusalsOf, titleOf } from "../../support/refusals.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
let kim: string;
beforeAll(async () => {
  api = await serveGraphql();
  kim = await api.token({ kind: "operator", name: "Kim", role: "editor" });
});
afterAll(() => api.stop());

const does = async (mutation: string, input: object, fields = "id") => {
  const query = `mutation ($input: ${titleOf(mutation)}Input!) { ${mutation}(input: $input) { __typename
    ... on Promotion { ${fields} } ${refusalsOf(mutation)} } }`;
  return dataOf(await api.ask("graphql", query, { token: kim, variables: { input } }))[mutation];
};
const usual = { name: "Save", currency: "EUR", rule: { fullReduction: [{ spend: "100", off: "30" }] } };
const terms = `conditions conditionsInWords(language: "en") audience { everyone filter segment { name } } stacking
  activeUrl createdBy faults history { what from to actor }`;
const pathsOf = (answer: { issues?: { path: string }[] }) => answer.issues?.map(({ path }) => path);

test("for which goods, for whom and beside which others it acts can be said, read and taken back", async () => {
  const plain = await does("createPromotion", usual, `id ${terms}`);
  expect(plain).toMatchObject({
    conditionsInWords: "",
    audience: { everyone: true },
    stacking: null,
    activeUrl: null,
    createdBy: "operator Kim",
    faults: [],
  });
  const said = {
    conditions: { goods: { exclude: ["tea"] }, categories: { include: ["drinks"] } },
    audience: { filter: { level: { gte: 3 } } },
    stacking: { group: { name: "sale", order: 2 } },
    activeUrl: "https://shop.example/sale",
  };
  const changed = await does("updatePromotion", { promotionId: plain.id, ...said }, terms);
  expect(changed).toMatchObject({
    conditions: { goods: { include: [], exclude: ["tea"] }, categories: { include: ["drinks"], exclude: [] } },
    conditionsInWords: "for categories drinks; not for goods tea",
    audience: { everyone: false, filter: { level: { gte: 3 } } },
    stacking: { group: "sale", order: 2 },
    activeUrl: said.activeUrl,
  });
  expect(changed.history[0]).toEqual({
    what: "changed link",
    from: "none",
    to: said.activeUrl,
    actor: "operator Kim",
  });
  const taken = { stacking: null, activeUrl: null, audience: { everyone: true }, conditions: {} };
  expect(await does("updatePromotion", { promotionId: plain.id, ...taken }, terms)).toMatchObject({
    conditionsInWords: "",
    audience: { everyone: true, filter: null },
    stacking: null,
    activeUrl: null,
  });
  expect((await does("updatePromotion", { promotionId: plain.id, name: "Other" }, terms)).stacking).toBeNull();
});

test("what is wrong with them is said with its place", async () => {
  const wrong = async (more: object) => pathsOf(await does("createPromotion", { ...usual, ...more }));
  expect(await wrong({ activeUrl: "javascript:alert(1)" })).toEqual(["activeUrl"]);
  expect(await wrong({ audience: { segmentId: idOf("Segment", 99) } })).toEqual(["audience"]);
  expect(await wrong({ audience: { filter: { attribute: { path: "", eq: 1 } } } })).toEqual([
    expect.stringMatching(/^audience\.filter\.attribute/),
  ]);
  expect(await wrong({ stacking: { exclusive: false } })).toEqual(["stacking"]);
  expect(await wrong({ conditions: { goods: { include: [""] } } })).toEqual(["conditions.goods.include.0"]);
});

test("what nobody can give is not enabled, and a template says who promises its coupons", async () => {
  const [live, draft] = [
    await addTemplate(api, { issueMode: "SYSTEM" }),
    await addTemplate(api, { issueMode: "SYSTEM", state: "DRAFT" }),
  ];
  const tiers = [live, draft].map(({ id }, i) => ({ spend: `${i}`, couponTemplateId: idOf("CouponTemplate", id) }));
  const { id, faults } = await does("createPromotion", { ...usual, rule: { coupon: tiers } }, "id faults");
  expect(faults).toEqual(["tier 2: it is a draft: activate it first (activateCouponTemplate)"]);
  const refused = await does("updatePromotion", { promotionId: id, rule: { coupon: tiers }, currency: "USD" });
  expect(pathsOf(refused)).toEqual(["rule.coupon.0.couponTemplateId", "rule.coupon.1.couponTemplateId"]);
  const promisedBy = async () =>
    dataOf(
      await api.ask("graphql", "query ($id: ID!) { couponTemplate(id: $id) { promisedBy { id } } }", {
        token: kim,
        variables: { id: idOf("CouponTemplate", live.id) },
      }),
    ).couponTemplate.promisedBy;
  expect(await promisedBy()).toEqual([]);
  await api.db.write([sql`UPDATE promotion SET enabled = 1`]);
  expect(await promisedBy()).toEqual([{ id }]);
});
