import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { keepFile } from "../../../src/distribution/pieces.ts";
import { distributionKeeps } from "../../../src/distribution/retention.ts";
import { uploadDistribution } from "../../../src/distribution/upload.ts";
import { rowOf } from "../../../src/ids.ts";
import { createToken, revokeToken } from "../../../src/operations/token.ts";
import { addTemplate, pathsOf } from "../../support/coupons.ts";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { accepted, closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";
import { sharedRows, workbookOf } from "../../support/workbook.ts";

let shop: Shop;
let kim: Operator;
let lea: Operator;
let templateId: string;

beforeAll(async () => {
  shop = await openShop({ env: { DISTRIBUTION_APPROVAL_SIZE: "2" } });
  await shop.members(4);
  kim = await hire(shop, "Kim", "approver");
  lea = await hire(shop, "Lea", "approver");
  const template = await addTemplate(shop.ctx, { issueMode: "SYSTEM", name: "Thank you" });
  templateId = idOf("CouponTemplate", template.id);
});
afterAll(closeShops);

const tokenOf = async (name: string, role: "viewer" | "editor") =>
  accepted(await createToken(shop.ctx, { kind: "operator", name, role }));

const csv = "Nr;note\r\nx1;=1+1\r\nx2;\r\nx1;again\r\n;nobody\r\nx99;gone\r\nx3;\r\n";

async function send(query: string, body: string, headers: Record<string, string>) {
  const response = await fetch(`${shop.app.url}/distributions?${query}`, { method: "POST", headers, body });
  return { status: response.status, body: await response.json() };
}

async function becomes(id: string, state: string) {
  const asked = "query ($id: ID!) { distribution(id: $id) { state } }";
  await until(async () => (await kim.get(asked, { id })).distribution.state === state, undefined, `to be ${state}`);
}

test("a file is sent, checked, approved of by another, issued, and every row says what became of it", async () => {
  const { token } = await tokenOf("Kim", "editor");
  const facts = `template=${templateId}&name=thanks.csv&heading=Nr%3DexternalId`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "text/csv" };
  const sent = await send(facts, csv, headers);
  expect(sent).toMatchObject({ status: 200, body: { distribution: { file: "thanks.csv", template: templateId } } });
  const { id } = sent.body.distribution;
  await becomes(id, "READY");
  const distributionId = id;
  const needs = await kim.does("startDistribution", { distributionId });
  expect(needs).toMatchObject({ __typename: "NeedsApproval", message: expect.stringContaining("up to 4 coupons") });
  expect(await kim.does("approveDistribution", { distributionId })).toMatchObject({ __typename: "Forbidden" });
  expect(await lea.does("approveDistribution", { distributionId }, "approval { actor coupons }")).toMatchObject({
    approval: { actor: "operator Lea", coupons: 4 },
  });
  const watched = kim.watches(`subscription { distributionProgress(distributionId: "${id}") {
    state done total counts { outcome ended } } }`);
  expect(await kim.does("startDistribution", { distributionId }, "state")).toMatchObject({ state: "RUNNING" });
  const last = (await watched).at(-1).distributionProgress;
  expect(last).toMatchObject({ state: "COMPLETED", done: 6, total: 6 });
  expect(last.counts).toContainEqual({ outcome: "ISSUED", ended: 3 });
  const { couponTemplate } = await kim.get(
    `query ($id: ID!) { couponTemplate(id: $id) { distributions(state: COMPLETED) { nodes {
      number file digest encoding header headings rows issued notice { topic } history { what actor }
      leftOut { nodes { row outcome cause column otherRow place why whatToDo cells member { externalId } } }
      unknown: leftOut(first: 1, outcome: UNKNOWN_MEMBER) { nodes { row why(language: "zh") } } } } } }`,
    { id: templateId },
  );
  const [told] = couponTemplate.distributions.nodes;
  expect(told).toMatchObject({
    rows: 6,
    issued: 3,
    header: ["Nr", "note"],
    headings: { Nr: "externalId" },
    notice: null,
  });
  expect(told.leftOut.nodes).toMatchObject([
    { row: 4, outcome: "DUPLICATE", otherRow: 2, cells: ["x1", "again"], member: { externalId: "x1" } },
    { row: 5, outcome: "INVALID", cause: "NOBODY_NAMED", member: null },
    { row: 6, outcome: "UNKNOWN_MEMBER", column: 1, place: "row 6, column A (Nr)", why: "No member has this." },
  ]);
  expect(told.unknown.nodes).toEqual([{ row: 6, why: "没有这样的会员。" }]);
  const { member } = await kim.get(`{ member(externalId: "x1") { distributions {
    row outcome otherRow why distribution { number } } } }`);
  expect(member.distributions).toEqual([
    { row: 2, outcome: "ISSUED", otherRow: null, why: null, distribution: { number: told.number } },
    { row: 4, outcome: "DUPLICATE", otherRow: 2, why: expect.any(String), distribution: { number: told.number } },
  ]);
  const done = told.history.map(({ what, actor }: { what: string; actor: string }) => `${what} by ${actor}`);
  expect(done).toContain("approved of up to 4 coupons by operator Lea");
});

test("what is no file of a template that can be given, and who may not, is told so before a row is read", async () => {
  const { token } = await tokenOf("Lea", "viewer");
  const as = (given: string, type = "text/csv") => ({ authorization: `Bearer ${given}`, "content-type": type });
  const admin = shop.app.adminToken ?? "";
  expect((await send(`template=${templateId}`, csv, as(token))).status).toBe(403);
  expect((await send(`template=${templateId}`, csv, as(admin, "text/plain"))).status).toBe(415);
  expect((await send("", csv, as(admin))).status).toBe(400);
  expect((await send(`template=${templateId}&follows=7`, csv, as(admin))).status).toBe(400);
  expect((await send(`template=${idOf("CouponTemplate", 99)}`, csv, as(admin))).status).toBe(404);
  const faulty = await send(`template=${templateId}&channels=PIGEON&heading=Nr%3Dname`, csv, as(admin));
  expect(faulty.status).toBe(422);
  const { issues } = faulty.body.errors[0].extensions;
  expect(issues.map(({ path }: { path: string }) => path)).toEqual(["names.Nr", "notice.channels.0"]);
});

const notice = { channels: ["SMS", "IN_APP"], reach: "FIRST_REACHABLE" };
const address = async (as: Operator) =>
  here(
    (await as.does("createDistributionUpload", { templateId, name: "signed.csv", notice, encoding: "utf-8" }, "url"))
      .url,
  );
const here = (url: string) => `${shop.app.url}${new URL(url).pathname}`;
const put = async (url: string, body: string | Uint8Array<ArrayBuffer> = "externalId\nx4\n") => {
  const response = await fetch(url, { method: "PUT", body, headers: { "content-type": "application/vnd.ms-excel" } });
  return {
    status: response.status,
    from: response.headers.get("access-control-allow-origin"),
    body: await response.json(),
  };
};

test("a signed address takes one file, in the name of who made it, from any page, and no other", async () => {
  const url = await address(lea);
  const preflight = await fetch(url, { method: "OPTIONS" });
  expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "PUT, POST"]);
  const [one, other] = await Promise.all([put(url), put(url)]);
  expect([one.status, other.status].sort()).toEqual([200, 409]);
  const { distribution } = [one, other].find(({ status }) => status === 200)?.body ?? {};
  expect(one.from).toBe("*");
  await becomes(distribution.id, "READY");
  const asked = `query ($id: ID!) { distribution(id: $id) { file createdBy encodingGuessed
    notice { channels topic reach content { channel } } counts { outcome predicted } } }`;
  expect((await kim.get(asked, { id: distribution.id })).distribution).toMatchObject({
    file: "signed.csv",
    createdBy: "operator Lea",
    encodingGuessed: false,
    notice: { ...notice, topic: "coupons", content: [] },
    counts: expect.arrayContaining([{ outcome: "ISSUED", predicted: 1 }]),
  });
  const again = await put(url);
  expect(again).toMatchObject({ status: 409, body: { errors: [{ extensions: { code: "CONFLICT" } }] } });
  expect(again.body.errors[0].message).toContain(distribution.id);
});

test("an Excel workbook is taken as its CSV is, and numbers that it rounded are told", async () => {
  const table = [["会员号"], ["x4"], ["1.38E+10"]];
  const sent = await put(await address(lea), workbookOf(sharedRows(table)));
  expect(sent.status).toBe(200);
  const { id } = sent.body.distribution;
  await becomes(id, "READY");
  const asked = "query ($id: ID!) { distribution(id: $id) { leftOut { nodes { row outcome cause } } advice } }";
  const { leftOut, advice } = (await kim.get(asked, { id })).distribution;
  expect(leftOut.nodes).toEqual([{ row: 3, outcome: "INVALID", cause: "UNREADABLE" }]);
  expect(advice).toEqual([expect.stringContaining('row 3, column "会员号": 1.38E+10')]);
  // What is written in the file is for those who may send one: the report is, too.
  const vic = await hire(shop, "Vic", "viewer");
  const quoted = "query ($id: ID!) { distribution(id: $id) { leftOut { nodes { row cells } } advice } }";
  const { data, errors } = (await vic.ask(quoted, { id })).body;
  expect(data.distribution).toEqual({ leftOut: { nodes: [{ row: 3, cells: null }] }, advice: null });
  expect(errors.map(({ path }: { path: string[] }) => path.at(-1)).sort()).toEqual(["advice", "cells"]);
});

test("the name of a file is a line of text, wherever the file comes from", async () => {
  const { token } = await tokenOf("Kim", "editor");
  const headers = { authorization: `Bearer ${token}`, "content-type": "text/csv" };
  const named = (name: string) =>
    send(`template=${templateId}&heading=Nr%3DexternalId&name=${encodeURIComponent(name)}`, csv, headers);
  const faulty = await named("\u200B\u202E");
  expect(faulty).toMatchObject({ status: 422, body: { errors: [{ extensions: { issues: [{ path: "name" }] } }] } });
  const taken = await named(" spring\u202E \n sale.csv");
  expect(taken).toMatchObject({ status: 200, body: { distribution: { file: "spring sale.csv" } } });
  const long = { name: `${"long".repeat(50)}.csv`, content: new Blob([csv]) };
  const refused = await uploadDistribution(shop.ctx, long, { template: rowOf("CouponTemplate", templateId) ?? 0 });
  expect(pathsOf(refused)).toEqual(["name"]);
});

/** An address of an operator whose token is known. */
async function addressOf(token: string): Promise<string> {
  const query = `mutation { createDistributionUpload(input: { templateId: "${templateId}", name: "mo.csv" }) {
    ... on DistributionUpload { url } } }`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const answer = await fetch(`${shop.app.url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
  return here((await answer.json()).data.createDistributionUpload.url);
}

test("an address that is forged, of a revoked token or too old takes nothing", async () => {
  const { token, record } = await tokenOf("Mo", "editor");
  const [url, dead, old] = [await addressOf(token), await addressOf(token), await address(lea)];
  const forged = url.replace(/uploads\/(\d+)/, (_, id) => `uploads/${Number(id) + 1}`);
  expect((await put(forged)).status).toBe(404);
  expect((await put(`${shop.app.url}/distributions/uploads/x`)).status).toBe(404);
  expect((await put(url)).status).toBe(200);
  accepted(await revokeToken(shop.ctx, record.id));
  expect((await put(dead)).status).toBe(403);
  shop.pass(16 * 60_000);
  expect(await put(old)).toMatchObject({
    status: 422,
    body: { errors: [{ extensions: { currentState: "EXPIRED" } }] },
  });
  const made = await shop.ctx.db.all<{ distribution: number | null }>(sql`
    SELECT distribution FROM distribution_upload WHERE token = ${record.id} ORDER BY id`);
  await until(async () => (await shop.ctx.db.all(sql`SELECT 1 FROM distribution_piece`)).length === 0);
  expect(made).toEqual([{ distribution: expect.any(Number) }, { distribution: null }]);
  await keepFile(shop.ctx, new Blob(["of a process that died before it wrote down whose file it is"]));
  shop.pass(2 * 86_400_000);
  for (const { forget } of distributionKeeps) await forget(shop.ctx);
  const left = sql`SELECT 1 FROM distribution_upload UNION ALL SELECT 1 FROM distribution_piece`;
  expect(await shop.ctx.db.all(left)).toEqual([]);
});
