import { afterAll, beforeAll, expect, test } from "bun:test";
import { parse } from "csv-parse/sync";
import { sql } from "drizzle-orm";
import { createSegment } from "../../../src/member/segment.ts";
import { createToken } from "../../../src/operations/token.ts";
import { addTemplate } from "../../support/coupons.ts";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { as } from "../../support/persons.ts";
import { titleOf } from "../../support/refusals.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
let [root, kim, vic]: Operator[] = [];
let [rootToken, berlinToken]: string[] = [];
beforeAll(async () => {
  shop = await openShop();
  await shop.members(2);
  [root, kim, vic] = [
    await hire(shop, "Root", "admin"),
    await hire(shop, "Kim", "admin", "berlin"),
    await hire(shop, "Vic", "viewer", "hamburg"),
  ];
  const token = async (name: string, of: string) =>
    accepted(await createToken(shop.ctx, { kind: "operator", name, role: "admin", shop: of })).token;
  [rootToken, berlinToken] = [await token("Root", ""), await token("Kim", "berlin")];
});
afterAll(closeShops);

const file = (token: string | undefined, path: string, init: RequestInit = {}) =>
  fetch(`${shop.app.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
const rowsOf = async (response: Response) =>
  parse(await response.text(), { columns: true }) as Record<string, string>[];
const send = (by: Operator | undefined, mutation: string, input: object) =>
  by!.get(`mutation ($input: ${titleOf(mutation)}Input!) { ${mutation}(input: $input) { __typename } }`, { input });
const csv = { "content-type": "text/csv" };

test("an entry says what it is about, who did it, and why; a shop's people read their own", async () => {
  const made = accepted(
    await createSegment(as(shop.ctx, "Kim", 3, 3, "berlin"), { name: "few", filter: { level: { eq: 1 } } }),
  );
  const subjectId = idOf("Segment", made.id);
  const fields = `id what actor actorShop shop reason subject { kind key subjectId node { id __typename } }`;
  const asked = (more: string) => `query ($id: ID) { audit(subjectId: $id) { nodes { ${fields} ${more} } } }`;
  const { audit } = await root!.get(asked("token operator { name shop history { what } }"), { id: subjectId });
  expect(audit.nodes).toMatchObject([
    {
      what: "created",
      token: "Kim",
      operator: { name: "Kim", shop: "berlin", history: expect.any(Array) },
      actorShop: "berlin",
      subject: { kind: "segment", key: `${made.id}`, subjectId, node: { id: subjectId, __typename: "Segment" } },
    },
  ]);
  expect((await kim!.get(asked("token"), { id: subjectId })).audit.nodes).toHaveLength(1);
  expect((await vic!.get(asked(""), { id: subjectId })).audit.nodes).toEqual([]);
  const { body } = await kim!.ask(asked("operator { name }"), { id: subjectId });
  expect(body.errors[0].extensions.code).toBe("FORBIDDEN");
  await send(kim, "deleteSegment", { segmentId: subjectId, reason: "nobody uses it" });
  const [last] = (await root!.get(asked(""), { id: subjectId })).audit.nodes;
  expect(last).toMatchObject({ what: "deleted", shop: "berlin", reason: "nobody uses it", subject: { node: null } });
  const { audit: none } = await root!.get("{ audit(kind: FLOW) { nodes { id } } }");
  expect(none.nodes).toEqual([]);
  const other = await root!.ask("query ($id: ID) { audit(subjectId: $id) { nodes { id } } }", { id: idOf("Send", 1) });
  expect(other.body.errors[0].message).toContain("no history is kept of Send");
});

test("the number of a segment that was deleted is never another's", async () => {
  const ctx = as(shop.ctx, "Kim", 3, 3, "berlin");
  const make = async () => accepted(await createSegment(ctx, { name: "few", filter: { level: { eq: 1 } } })).id;
  const first = await make();
  await send(kim, "deleteSegment", { segmentId: idOf("Segment", first) });
  expect(await make()).toBe(first + 1);
});

test("admins take it out as a file, of a shop the shop's; others, and what makes no sense, are refused", async () => {
  const taken = await file(berlinToken, "/audit/entries.csv?kind=SEGMENT&reason=for%20the%20auditors");
  expect(taken.headers.get("content-type")).toStartWith("text/csv");
  const rows = await rowsOf(taken);
  expect(new Set(rows.map((row) => row.shop))).toEqual(new Set(["berlin"]));
  expect(rows.map(({ what }) => what)).toContain("deleted");
  const { audit } = await kim!.get(`{ audit(kind: AUDIT) { nodes { what reason shop } } }`);
  expect(audit.nodes).toEqual([{ what: "took some of it out, by kind", reason: "for the auditors", shop: "berlin" }]);
  expect(new Set((await rowsOf(await file(rootToken, "/audit/entries.csv"))).map((row) => row.shop)).size).toBe(2);
  const { token } = accepted(
    await createToken(shop.ctx, { kind: "operator", name: "App", role: "approver", shop: "berlin" }),
  );
  expect((await file(token, "/audit/entries.csv")).status).toBe(403);
  const faulty = await file(rootToken, "/audit/entries.csv?kind=NOTHING&tokenId=x&since=now&subject=1");
  const { errors } = await faulty.json();
  expect([faulty.status, errors[0].extensions.issues.map(({ path }: { path: string }) => path)]).toEqual([
    422,
    ["subject", "kind", "tokenId", "since"],
  ]);
});

test("of a file nothing is guessed: what is said twice, and too long a reason, are refused", async () => {
  const taken = async () => (await root!.get("{ audit { nodes { id } } }")).audit.nodes.length;
  const before = await taken();
  const issuesOf = async (path: string, init: RequestInit = {}) => {
    const faulty = await file(rootToken, path, init);
    const { errors } = await faulty.json();
    return [faulty.status, errors[0].extensions.issues];
  };
  const twice = [{ path: "kind", message: "is given more than once" }];
  expect(await issuesOf("/audit/entries.csv?kind=SEGMENT&kind=FLOW")).toEqual([422, twice]);
  const tooLong = [{ path: "reason", message: "is longer than 500 characters" }];
  const reason = `reason=${"x".repeat(501)}`;
  expect(await issuesOf(`/audit/entries.csv?${reason}`)).toEqual([422, tooLong]);
  const post = { method: "POST", headers: csv, body: "externalId\nx9\n" };
  expect(await issuesOf(`/imports?${reason}`, post)).toEqual([422, tooLong]);
  expect(await taken()).toBe(before);
});

test("what is sent as a file, and taken as one, is written down", async () => {
  const { id } = await addTemplate(shop.ctx, { codeMode: "POOL", shop: "berlin" });
  const template = encodeURIComponent(idOf("CouponTemplate", id));
  const codes = await file(berlinToken, `/code-pools?template=${template}`, {
    method: "POST",
    headers: csv,
    body: "code\nAAAA1111\nBBBB2222\n",
  });
  const { pool } = await codes.json();
  await (await file(berlinToken, `/code-pools/${encodeURIComponent(pool.id)}/codes.csv`)).text();
  const fields = "history { what actor shop token }";
  const read = await kim!.get(`query ($id: ID!) { node(id: $id) { ... on CodePool { ${fields} } } }`, { id: pool.id });
  expect(read.node.history).toEqual(
    ["took 2 codes out", "ended the upload, READY: 2 codes taken, 0 rows refused", "began an upload"].map((what) => ({
      what,
      actor: "operator Kim",
      shop: "berlin",
      token: "Kim",
    })),
  );
  await file(rootToken, "/imports?name=m.csv&reason=monthly", {
    method: "POST",
    headers: csv,
    body: "externalId,level\ni1,3\n",
  });
  const { audit } = await root!.get("{ audit(kind: IMPORT) { nodes { what reason } } }");
  expect(audit.nodes).toEqual([
    { what: "done: 1 created, 0 updated, 0 unchanged, 0 faulty", reason: "monthly" },
    { what: "began", reason: "monthly" },
  ]);
});

test("reasons about a member are gone when the member is; that it was done stays, and why it was erased", async () => {
  const { id } = await addTemplate(shop.ctx, { issueMode: "SYSTEM", shop: "berlin" });
  const templateId = idOf("CouponTemplate", id);
  const gift = { templateId, externalId: "x1", idempotencyKey: "k", reason: "Mia's cup broke" };
  const cart = { currency: "EUR", lines: [{ id: "a", goods: "tea", quantity: 1, unitPrice: "500" }] };
  const order = { orderId: "o1", externalId: "x1", couponIds: [], cart, reason: "Mia phoned" };
  await send(kim, "issueCoupon", gift);
  await send(root, "lockCoupons", order);
  await send(root, "setConsent", { externalId: "x1", channel: "SMS", granted: false, reason: "Mia wrote" });
  const audience = { filter: { externalId: { eq: "x1" } } };
  const content = [{ parts: { email: { subject: "News", html: "<p>News</p>" } } }];
  const { createCampaign } = await kim!.get(
    `mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { ... on Campaign { id } } }`,
    { input: { name: "News", channels: ["EMAIL"], content, audience } },
  );
  const test = { campaignId: createCampaign.id, channel: "EMAIL" };
  await send(kim, "testSend", { ...test, externalId: "x1", reason: "Mia saw no images" });
  await send(kim, "testSend", { ...test, externalId: "x2", reason: "for the other" });
  const reasons = async () =>
    (await shop.ctx.db.all<{ reason: string }>(sql`SELECT reason FROM audit WHERE reason IS NOT NULL ORDER BY id`)).map(
      ({ reason }) => reason,
    );
  expect(await reasons()).toEqual(
    expect.arrayContaining(["Mia's cup broke", "Mia phoned", "Mia wrote", "Mia saw no images"]),
  );
  await send(root, "eraseMember", { externalId: "x1", reason: "asked for on 28 November" });
  expect((await reasons()).filter((reason) => reason.includes("Mia"))).toEqual([]);
  expect(await reasons()).toContain("for the other");
  const query = "query ($id: ID!) { audit(subjectId: $id) { nodes { what reason } } }";
  const { audit } = await root!.get(query, { id: idOf("Member", 1) });
  expect(audit.nodes).toEqual([
    { what: "erased", reason: "asked for on 28 November" },
    { what: "wrote down a no to SMS, any topic", reason: null },
  ]);
});
