import { afterAll, beforeAll, expect, test } from "bun:test";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
let [all, ann, bob]: Operator[] = [];
beforeAll(async () => {
  shop = await openShop();
  await shop.members(2);
  all = await hire(shop, "Ada", "admin");
  ann = await hire(shop, "Ann", "editor", "A");
  bob = await hire(shop, "Bob", "editor", "B");
});
afterAll(closeShops);

const content = [{ parts: { inApp: { title: "Hi", body: "News" } } }];
const campaign = { name: "Sale", channels: ["IN_APP"], content };
const rule = { fullReduction: [{ spend: "200", off: "30" }] };
const promotion = { name: "Advent", currency: "EUR", rule };

test("shops are said by those who work for all, in whatever is made, and found in every list", async () => {
  const made = async (kim: Operator, more: object = {}) => ({
    campaign: await kim.does("createCampaign", { ...campaign, ...more }, "id shop"),
    promotion: await kim.does("createPromotion", { ...promotion, ...more }, "id shop"),
  });
  const a = await made(all!, { shop: "A" });
  expect(a).toMatchObject({ campaign: { shop: "A" }, promotion: { shop: "A" } });
  expect(await made(bob!)).toMatchObject({ campaign: { shop: "B" }, promotion: { shop: "B" } });
  expect((await made(bob!, { shop: "A" })).campaign).toMatchObject({ __typename: "InvalidInput" });
  expect(await all!.does("duplicateCampaign", { campaignId: a.campaign.id }, "shop")).toMatchObject({ shop: "A" });
  const copy = { campaignId: a.campaign.id, shop: "B" };
  expect(await all!.does("duplicateCampaign", copy, "shop")).toMatchObject({ shop: "B" });
  const create = `mutation ($input: CreateSegmentInput!) {
    createSegment(input: $input) { ... on Segment { id shop } ... on Refusal { message } } }`;
  const segment = (kim: Operator, more: object = {}) =>
    kim.get(create, { input: { name: "all", filter: { level: { gte: 0 } }, ...more } });
  expect((await segment(all!, { shop: "A" })).createSegment.shop).toBe("A");
  expect((await segment(bob!)).createSegment.shop).toBe("B");
  const counts = (kim: Operator, of?: string) =>
    kim.get(
      `query ($of: String) { campaigns(shop: $of) { totalCount } promotions(shop: $of) { totalCount }
        segments(shop: $of) { totalCount nodes { shop } } runs(shop: $of) { totalCount } }`,
      { of },
    );
  const of = (campaigns: number, promotions: number, ...shops: string[]) => ({
    campaigns: { totalCount: campaigns },
    promotions: { totalCount: promotions },
    segments: { totalCount: shops.length, nodes: shops.map((each) => ({ shop: each })) },
    runs: { totalCount: 0 },
  });
  expect(await counts(all!)).toEqual(of(4, 2, "A", "B"));
  expect([await counts(all!, "A"), await counts(ann!)]).toEqual([of(2, 1, "A"), of(2, 1, "A")]);
  expect([await counts(bob!, "A"), await counts(all!, "")]).toEqual([of(0, 0), of(0, 0)]);
});

test("a run is watched by its own shop; to others it is no run at all", async () => {
  const { id } = await ann!.does("createCampaign", campaign);
  expect(await bob!.does("launchCampaign", { campaignId: id })).toMatchObject({ __typename: "NotFound" });
  await ann!.does("launchCampaign", { campaignId: id });
  const { runs } = await ann!.get("{ runs { nodes { id number shop campaign { id } } } }");
  expect(runs.nodes).toMatchObject([{ shop: "A", campaign: { id } }]);
  const [run] = runs.nodes;
  await shop.becomes(run.number, "COMPLETED");
  const watched = (kim: Operator, runId: string) =>
    kim.watches("subscription ($runId: ID!) { runProgress(runId: $runId) { state } }", { runId });
  expect((await watched(ann!, run.id)).at(-1)).toEqual({ runProgress: { state: "COMPLETED" } });
  const [theirs, never] = [await watched(bob!, run.id), await watched(bob!, idOf("Run", 999))];
  const heard = (events: unknown) => JSON.stringify(events).replace(/"requestId":"[^"]+"/, "");
  expect(heard(theirs).replace(`no run ${run.number}.`, "no run 999.")).toBe(heard(never));
  expect(heard(never)).toContain("NOT_FOUND");
});
