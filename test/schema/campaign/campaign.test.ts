import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
let [ada, ben, vic]: Operator[] = [];
let ed: Operator;
beforeAll(async () => {
  shop = await openShop({ env: { APPROVAL_ABOVE: "50" } });
  await shop.members(60, { level: "i % 3", consent: "i % 10 <> 0" });
  [ada, ben, vic, ed] = await Promise.all([
    hire(shop, "Ada", "approver"),
    hire(shop, "Ben", "approver"),
    hire(shop, "Vic", "viewer"),
    hire(shop, "Ed", "editor"),
  ]);
});
afterAll(closeShops);

const inApp = { parts: { inApp: { title: "Hi {{ member.externalId }}", body: "News" } } };
const email = { parts: { email: { subject: "News", html: "<p>{{ member.points }}</p>" } } };
const few = { filter: { level: { eq: 1 } } };
const draft = (more: object = {}) => ({ name: "Sale", channels: ["IN_APP"], audience: few, content: [inApp], ...more });
const made = async (more: object = {}): Promise<string> => {
  const answer = await ed.does("createCampaign", draft(more));
  expect(answer).toEqual({ __typename: "Campaign", id: expect.any(String) });
  return answer.id;
};
const nothing = idOf("Campaign", 9999);

describe("writing a campaign", () => {
  test("a draft is kept as it was said, and read again", async () => {
    const said = { topic: "shoes", channels: ["EMAIL", "IN_APP"], reach: "FIRST_REACHABLE", content: [email, inApp] };
    const id = await made({ ...said, startsAt: "2099-01-01T00:00:00Z", popupPriority: 7, transactional: true });
    const query = `query ($id: ID!) { campaign(id: $id) { state topic channels reach startsAt endsAt
      popupPriority transactional
      author audience { everyone filter segment { id } } content { channel locale parts { name text } } } }`;
    expect((await vic!.get(query, { id })).campaign).toEqual({
      state: "DRAFT",
      topic: "shoes",
      channels: ["EMAIL", "IN_APP"],
      reach: "FIRST_REACHABLE",
      startsAt: "2099-01-01T00:00:00.000Z",
      endsAt: null,
      popupPriority: 7,
      transactional: true,
      author: "operator Ed",
      audience: { everyone: false, filter: few.filter, segment: null },
      content: [
        { channel: "EMAIL", locale: "default", parts: expect.arrayContaining([{ name: "subject", text: "News" }]) },
        { channel: "IN_APP", locale: "default", parts: expect.arrayContaining([{ name: "body", text: "News" }]) },
      ],
    });
  });

  test("a template of the channel's provider is kept by its name and what stands for its variables", async () => {
    const [name, text] = [`HX${"0a".repeat(16)}`, "{{ member.externalId }}"];
    const sms = { template: { name, variables: [{ name: "1", value: text }] } };
    const id = await made({ channels: ["SMS"], content: [{ locale: "zh", parts: { sms } }, { parts: { sms } }] });
    const query = "query ($id: ID!) { campaign(id: $id) { content { locale parts { name text } } } }";
    const parts = expect.arrayContaining([
      { name: "template", text: name },
      { name: "template.1", text },
    ]);
    const { campaign } = await vic!.get(query, { id });
    expect(campaign.content).toEqual([
      { locale: "zh", parts },
      { locale: "default", parts },
    ]);
    const untold = await ed.does("updateCampaign", { campaignId: id, content: [{ parts: { sms: {} } }] });
    expect(untold.issues).toEqual([{ path: "content.SMS.default.text", message: "this part is required" }]);
  });

  test("a change says only what changes; null takes a time away", async () => {
    const id = await made({ startsAt: "2099-01-01T00:00:00Z", topic: "shoes" });
    const change = { campaignId: id, name: "New", startsAt: null };
    expect(await ed.does("updateCampaign", change, "name topic startsAt channels")).toMatchObject({
      name: "New",
      topic: "shoes",
      startsAt: null,
      channels: ["IN_APP"],
    });
  });

  test("faults name their place: a filter's path, a template's line and column, an end before its start", async () => {
    const filter = { and: [{ level: { eq: 1 } }, { attribute: { path: "", eq: 1 } }] };
    const content = [{ parts: { inApp: { title: "Hi", body: "Hello\n{{ member.nickname }}" } } }];
    const times = { startsAt: "2099-01-02T00:00:00Z", endsAt: "2099-01-01T00:00:00Z" };
    const answer = await ed.does("createCampaign", draft({ audience: { filter }, content, ...times }));
    expect(answer.__typename).toBe("InvalidInput");
    const paths = answer.issues.map(({ path }: { path: string }) => path);
    expect(paths).toEqual([
      "content.IN_APP.default.body:2:4",
      "endsAt",
      expect.stringMatching(/^audience\.filter\.and\.1\.attribute/),
    ]);
    expect(answer.issues[0].message).toContain('unknown variable "member.nickname"');
  });

  test("no channel, one twice, a segment that is not there, nobody as audience: each is refused", async () => {
    const wrong = [
      { channels: [] },
      { channels: ["SMS", "SMS"] },
      { audience: { segmentId: idOf("Segment", 99) } },
      { audience: { everyone: false } },
      { name: " " },
      { content: [{ locale: "not a locale", ...inApp }] },
      { popupPriority: 5000 },
    ];
    for (const more of wrong) {
      expect((await ed.does("createCampaign", draft(more))).__typename).toBe("InvalidInput");
    }
  });

  test("what is over cannot be edited any more", async () => {
    const id = await made();
    await ed.does("cancelCampaign", { campaignId: id });
    const change = { campaignId: id, name: "Other" };
    expect(await ed.does("updateCampaign", change)).toMatchObject({
      __typename: "WrongState",
      currentState: "CANCELLED",
    });
    expect((await ed.does("updateCampaign", { ...change, campaignId: nothing })).__typename).toBe("NotFound");
  });

  test("a viewer may read and do nothing", async () => {
    expect((await vic!.does("createCampaign", draft())).__typename).toBe("Forbidden");
    const id = await made();
    expect((await vic!.approves(id)).__typename).toBe("Forbidden");
    for (const command of ["submit", "reject", "launch", "pause", "resume", "cancel"]) {
      expect((await vic!.does(`${command}Campaign`, { campaignId: id })).__typename).toBe("Forbidden");
    }
  });
});

describe("review", () => {
  test("a campaign for more than the set size needs approval by someone other than its author", async () => {
    const { id } = await ada!.does("createCampaign", draft({ audience: { everyone: true } }));
    expect(await ada!.does("launchCampaign", { campaignId: id })).toMatchObject({
      __typename: "NeedsApproval",
      limit: 50,
    });
    expect(await ada!.does("submitCampaign", { campaignId: id }, "state")).toMatchObject({ state: "IN_REVIEW" });
    expect((await ada!.approves(id)).__typename).toBe("Forbidden");
    expect((await ed.approves(id)).__typename).toBe("Forbidden");
    const { campaign } = await vic!.get("query ($id: ID!) { campaign(id: $id) { version waitsFor } }", { id });
    expect(campaign.waitsFor).toContain("someone who wrote none of it");
    const approval = { campaignId: id, reason: "fine", version: campaign.version };
    const approved = await ben!.does("approveCampaign", approval, "state approver frozenAudience { filter members }");
    expect(approved.frozenAudience).toEqual({ filter: null, members: 60 });
    expect(approved).toMatchObject({ state: "APPROVED", approver: "operator Ben" });
    expect(await ada!.does("launchCampaign", { campaignId: id }, "state")).toMatchObject({ state: "ACTIVE" });
    const query = "query ($id: ID!) { campaign(id: $id) { history { from to actor reason } } }";
    expect((await vic!.get(query, { id })).campaign.history).toEqual([
      { from: "APPROVED", to: "ACTIVE", actor: "operator Ada", reason: null },
      { from: "IN_REVIEW", to: "APPROVED", actor: "operator Ben", reason: "fine" },
      { from: "DRAFT", to: "IN_REVIEW", actor: "operator Ada", reason: null },
      { from: null, to: null, actor: "operator Ada", reason: null },
    ]);
  });

  test("what is sent back is a draft again, and can be edited", async () => {
    const id = await made();
    await ed.does("submitCampaign", { campaignId: id });
    const back = await ada!.does("rejectCampaign", { campaignId: id, reason: "typo" }, "state");
    expect(back).toMatchObject({ state: "DRAFT" });
    expect((await ed.does("updateCampaign", { campaignId: id, name: "Mended" })).__typename).toBe("Campaign");
    expect(await ada!.does("rejectCampaign", { campaignId: id })).toMatchObject({ __typename: "WrongState" });
  });
});

describe("launching", () => {
  test("I6 the same idempotency key launches once and answers the same; other input is a conflict", async () => {
    const [id, other] = [await made(), await made()];
    const input = { campaignId: id, idempotencyKey: "k-1" };
    const answers = await Promise.all([1, 2, 3].map(() => ed.does("launchCampaign", input, "id state updatedAt")));
    expect(answers[0]).toMatchObject({ __typename: "Campaign", state: "ACTIVE" });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect((await ed.does("launchCampaign", { ...input, campaignId: other })).__typename).toBe("Conflict");
    expect((await ada!.does("launchCampaign", { ...input, campaignId: other }, "state")).state).toBe("ACTIVE");
    const query = "query ($id: ID!) { runs(campaignId: $id) { nodes { id } } }";
    expect((await vic!.get(query, { id })).runs.nodes).toHaveLength(1);
  });

  test("I6 a refusal is not kept: the same key works once the fault is mended", async () => {
    const id = await made({ content: [] });
    const input = { campaignId: id, idempotencyKey: "k-2" };
    expect(await ed.does("launchCampaign", input)).toMatchObject({
      __typename: "InvalidInput",
      issues: [{ path: "content.IN_APP.default" }],
    });
    await ed.does("updateCampaign", { campaignId: id, content: [inApp] });
    expect((await ed.does("launchCampaign", input, "state")).state).toBe("ACTIVE");
  });

  test("without a key a second launch is refused, and so is one that has ended or is not there", async () => {
    const id = await made();
    await ed.does("launchCampaign", { campaignId: id });
    expect((await ed.does("launchCampaign", { campaignId: id })).__typename).toBe("WrongState");
    const late = await made({ endsAt: "2020-01-01T00:00:00Z" });
    expect((await ed.does("launchCampaign", { campaignId: late })).issues).toMatchObject([{ path: "endsAt" }]);
    expect((await ed.does("launchCampaign", { campaignId: nothing })).__typename).toBe("NotFound");
  });
});

test("pause, resume and cancel move it, and refuse what does not fit its state", async () => {
  const id = await made({ startsAt: "2099-01-01T00:00:00Z" });
  const does = async (command: string) => {
    const { __typename, state } = await ed.does(`${command}Campaign`, { campaignId: id }, "state");
    return state ?? __typename;
  };
  expect(await does("pause")).toBe("WrongState");
  expect(await does("launch")).toBe("ACTIVE");
  expect(await does("resume")).toBe("WrongState");
  expect(await does("pause")).toBe("PAUSED");
  expect(await does("resume")).toBe("ACTIVE");
  expect(await does("cancel")).toBe("CANCELLED");
  expect(await does("cancel")).toBe("WrongState");
  expect((await ada!.approves(nothing)).__typename).toBe("NotFound");
  for (const command of ["submit", "reject", "pause", "resume", "cancel"]) {
    const by = command === "reject" ? ada! : ed;
    expect((await by.does(`${command}Campaign`, { campaignId: nothing })).__typename).toBe("NotFound");
  }
});

test("campaigns are listed newest first or by name, all or those of one state or name, and counted", async () => {
  const id = await made();
  const { campaigns } = await vic!.get("{ campaigns(first: 1) { nodes { id } pageInfo { hasNextPage } } }");
  expect(campaigns).toEqual({ nodes: [{ id }], pageInfo: { hasNextPage: true } });
  const drafts = await vic!.get("{ campaigns(state: CANCELLED, first: 50) { nodes { state } } }");
  expect(drafts.campaigns.nodes).toEqual([{ state: "CANCELLED" }, { state: "CANCELLED" }]);
  for (const name of ["Ümlaut 100%", "apple TEA", "Zebra tea"]) await made({ name });
  const query = `query ($after: String) { campaigns(search: "Tea", order: NAME, first: 1, after: $after) {
    totalCount nodes { name } pageInfo { hasNextPage endCursor } } }`;
  const { campaigns: first } = await vic!.get(query);
  expect(first).toMatchObject({ totalCount: 2, nodes: [{ name: "apple TEA" }], pageInfo: { hasNextPage: true } });
  const { campaigns: next } = await vic!.get(query, { after: first.pageInfo.endCursor });
  expect(next).toMatchObject({ nodes: [{ name: "Zebra tea" }], pageInfo: { hasNextPage: false } });
  const percent = await vic!.get(`{ campaigns(search: "0%", order: OLDEST) { nodes { name } } }`);
  expect(percent.campaigns.nodes).toEqual([{ name: "Ümlaut 100%" }]);
});

test("a preview shows what one member would get, and why it would not be sent", async () => {
  const german = { locale: "de", parts: { inApp: { title: "Hallo {{ member.externalId }}", body: "Neu" } } };
  const id = await made({ channels: ["IN_APP", "EMAIL"], content: [inApp, german, email] });
  const query = `query ($id: ID!, $member: ID!, $channel: Channel!) {
    previewContent(campaignId: $id, memberId: $member, channel: $channel) { locale skipped parts { name text } } }`;
  const preview = (member: number, channel: string) => vic!.ask(query, { id, member: idOf("Member", member), channel });
  const shown = (await preview(3, "IN_APP")).body.data.previewContent;
  expect(shown).toMatchObject({ locale: "default", skipped: null });
  expect(shown.parts).toContainEqual({ name: "title", text: "Hi x3" });
  const skipped = (await preview(10, "EMAIL")).body.data.previewContent;
  expect(skipped.skipped).toBe("The member has not agreed to this topic on this channel.");
  expect(await preview(3, "SMS")).toMatchObject({ code: "INVALID_INPUT" });
  expect(await preview(999, "EMAIL")).toMatchObject({ code: "NOT_FOUND", status: 400 });
});

test("a preview of a text message says how many segments it is, and a simulation how many all would be", async () => {
  const text = "你".repeat(80);
  const id = await made({ channels: ["SMS"], content: [{ parts: { sms: { text } } }] });
  const told = await vic!.get(
    `query ($id: ID!, $member: ID!) {
      previewContent(campaignId: $id, memberId: $member, channel: SMS) { size { segments encoding price } }
      simulateLaunch(campaignId: $id) { channels { reachable segments price } } }`,
    { id, member: idOf("Member", 3) },
  );
  expect(told.previewContent.size).toEqual({ segments: 2, encoding: "UCS-2", price: null });
  const [{ reachable, segments, price }] = told.simulateLaunch.channels;
  expect([segments, price]).toEqual([2 * reachable, null]);
});

test("a test send reaches one member through the channel and is in no run", async () => {
  const id = await made({ channels: ["IN_APP", "EMAIL"], content: [inApp, email] });
  const to = (member: number, channel: string, by = ed) =>
    by.does("testSend", { campaignId: id, memberId: idOf("Member", member), channel }, "locale parts { name text }");
  expect(await to(3, "EMAIL")).toMatchObject({ __typename: "ContentPreview", locale: "default" });
  const delivery = await until(() => shop.app.channels.sandbox.list({ to: "u3@shop.test" }).deliveries[0]);
  expect(delivery).toMatchObject({ ref: "0:3", parts: { subject: "News" }, unsubscribeUrl: expect.any(String) });
  expect(await shop.ctx.db.all(sql`SELECT 1 FROM send WHERE channel = 'EMAIL' AND member = 3`)).toEqual([]);
  expect((await to(10, "EMAIL")).issues).toEqual([
    { path: "member", message: "The member has not agreed to this topic on this channel." },
  ]);
  expect((await to(3, "IN_APP")).issues).toMatchObject([{ path: "channel" }]);
  expect((await to(999, "EMAIL")).__typename).toBe("NotFound");
  expect((await to(3, "EMAIL", vic)).__typename).toBe("Forbidden");
});
