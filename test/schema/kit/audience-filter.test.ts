import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { serveGraphql } from "../../support/graphql.ts";
import { idOf } from "../../support/operators.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
let admin = "";
beforeAll(async () => {
  api = await serveGraphql();
  admin = await api.token({ kind: "operator", name: "Ada", role: "admin" });
});
afterAll(() => api.stop());

const saved = async (name: string, filter: object) => {
  const query = `mutation ($input: CreateSegmentInput!) { createSegment(input: $input) {
    __typename ... on Segment { filter } ... on InvalidInput { issues { path message } } } }`;
  const { body } = await api.ask("graphql", query, { token: admin, variables: { input: { name, filter } } });
  return body.data.createSegment;
};

const said = {
  and: [
    { holdsCoupon: { templateId: idOf("CouponTemplate", 7), status: "USED" } },
    { not: { or: [{ gotCampaign: { campaignId: idOf("Campaign", 3) } }, { level: { in: [1, 2] } }] } },
  ],
};

test("a filter names templates and campaigns by ids, is stored with numbers, and shown as it was said", async () => {
  expect(await saved("mixed", said)).toEqual({ __typename: "Segment", filter: said });
  const row = await api.db.first<{ filter: string }>(sql`SELECT filter FROM segment WHERE name = 'mixed'`);
  expect(JSON.parse(row?.filter ?? "")).toEqual({
    and: [
      { holdsCoupon: { template: 7, status: "USED" } },
      { not: { or: [{ gotCampaign: { campaign: 3 } }, { level: { in: [1, 2] } }] } },
    ],
  });
});

test("what is no id of its kind is a fault with its place", async () => {
  for (const templateId of ["7", idOf("Campaign", 7), "nonsense"]) {
    expect(await saved("faulty", { or: [{ level: { gte: 1 } }, { holdsCoupon: { templateId } }] })).toMatchObject({
      __typename: "InvalidInput",
      issues: [{ path: "filter.or.1.holdsCoupon.templateId" }],
    });
  }
});
