import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { mintMemberToken } from "../../src/operations/member-token.ts";
import { createToken, revokeToken } from "../../src/operations/token.ts";
import { memberEnv, memberToken } from "../support/ask.ts";
import type { Answer } from "../support/graphql.ts";
import { idOf } from "../support/operators.ts";
import { freePort } from "../support/port.ts";
import { qstashSignature } from "../support/qstash-signature.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";
import { inside, type Stranger, stranger, talk, unannounced } from "../support/stranger.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const personal = /seeded@victim\.test|\+49151999|ff_op_|ff_sv_|eyJ[\w-]{10,}\./;
const log: string[] = [];
let shop: Shop;
let who: Stranger;
let run: number;
const tokens = { viewer: "", revoked: "", member: "", expired: "", forged: "" };

beforeAll(async () => {
  const record = (level: string, event: string, fields: unknown) =>
    log.push(`${level} ${event} ${JSON.stringify(fields)}`);
  shop = await openShop({
    env: { ...memberEnv, RESEND_WEBHOOK_SECRET: `whsec_${btoa("a secret of the provider")}` },
    log: record,
  });
  who = stranger(shop.app.url);
  await shop.members(3, { email: "'u' || i || '.seeded@victim.test'", phone: "'+49151999' || (1000 + i)" });
  run = await shop.launched({ channels: ["IN_APP", "EMAIL"], audience: { filter: { externalId: { eq: "x1" } } } });
  await shop.becomes(run, "COMPLETED");
  const viewer = accepted(await createToken(shop.ctx, { kind: "operator", name: "V", role: "viewer" }));
  const revoked = accepted(await createToken(shop.ctx, { kind: "operator", name: "R", role: "admin" }));
  accepted(await revokeToken(shop.ctx, revoked.record.id));
  const signed = { issuer: "shop", audience: "fanfare", algorithms: ["HS256"], secret: memberEnv.MEMBER_JWT_SECRET };
  Object.assign(tokens, {
    viewer: viewer.token,
    revoked: revoked.token,
    member: await memberToken(2),
    expired: await mintMemberToken(signed, "x2", -60, Date.now()),
    forged: await mintMemberToken(
      { ...signed, secret: "another secret of 32 characters, forged" },
      "x2",
      60,
      Date.now(),
    ),
  });
});
const children: Bun.Subprocess[] = [];
afterAll(async () => {
  for (const child of children) child.kill(9);
  await closeShops();
});

/** What is asked, the status of the answer, and what the answer says. */
type Case = readonly [title: string, ask: () => Promise<Answer>, status: number, names: RegExp];

function refused(cases: readonly Case[]): void {
  for (const [title, ask, status, names] of cases) {
    test(`${title}: ${status}`, async () => {
      const answer = await ask();
      expect(answer.text).toMatch(names);
      expect(answer.status).toBe(status);
    });
  }
}

const launch = `mutation { launchCampaign(input: { campaignId: "${idOf("Campaign", 1)}" }) {
  __typename ... on Refusal { refusal message } } }`;
const operator = (query: string, variables?: unknown) => who.ask("graphql", shop.app.adminToken, query, variables);
const member = (query: string, variables?: unknown) => who.ask("app", tokens.member, query, variables);

describe("whoever may not is told what it takes", () => {
  refused([
    ["no token", () => who.ask("graphql", undefined, launch), 401, /operator token of role editor/],
    ["no token for /app", () => who.ask("app", undefined, "{ unreadCount }"), 401, /needs a member's token/],
    [
      "the wrong role, in a mutation",
      () => who.ask("graphql", tokens.viewer, launch),
      200,
      /"Forbidden".*role editor.*viewer/,
    ],
    [
      "the wrong role, in a query",
      () => who.ask("graphql", tokens.viewer, "{ tokens { nodes { id } } }"),
      403,
      /role admin/,
    ],
    ["a revoked token", () => who.ask("graphql", tokens.revoked, "{ viewer { kind } }"), 401, /TOKEN_UNKNOWN/],
    ["two words for a token", () => who.ask("graphql", "a b", "{ viewer { kind } }"), 401, /TOKEN_MALFORMED/],
    ["an expired token", () => who.ask("app", tokens.expired, "{ unreadCount }"), 401, /expired/],
    ["a forged token", () => who.ask("app", tokens.forged, "{ unreadCount }"), 401, /BAD_SIGNATURE/],
    [
      "a member at the operators' face",
      () => who.ask("graphql", tokens.member, "{ viewer { kind } }"),
      403,
      /are for \/app/,
    ],
    [
      "a viewer's file of members",
      () =>
        who.send("/imports", {
          method: "POST",
          headers: { "content-type": "text/csv", authorization: `Bearer ${tokens.viewer}` },
          body: "externalId\na",
        }),
      403,
      /role editor/,
    ],
  ]);
});

describe("another member's things, and things of another kind, are not there", () => {
  const message = { i: idOf("InboxMessage", 1) };
  refused([
    [
      "the other's message, by node",
      () => member("query ($i: ID!) { node(id: $i) { id } }", message),
      200,
      /^\{"data":\{"node":null\}\}$/,
    ],
    [
      "to mark it read",
      () => member("mutation ($i: ID!) { markRead(input: { messageId: $i }) { __typename } }", message),
      200,
      /"NotFound"/,
    ],
    [
      "to delete it",
      () => member("mutation ($i: ID!) { deleteInboxMessage(input: { messageId: $i }) { __typename } }", message),
      200,
      /"NotFound"/,
    ],
    [
      "another member, by node",
      () => member("query ($i: ID!) { node(id: $i) { id } }", { i: idOf("Member", 1) }),
      200,
      /^\{"data":\{"node":null\}\}$/,
    ],
    ["all members", () => member("{ members { nodes { email } } }"), 400, /Cannot query field/],
    [
      "a member for a campaign",
      () => operator(`{ campaign(id: "${idOf("Member", 1)}") { id } }`),
      200,
      /not of type: Campaign/,
    ],
    ["a number that is none", () => operator(`{ campaign(id: "${idOf("Campaign", -1)}") { id } }`), 200, /not an id/],
    [
      "another list's cursor",
      () => operator('{ deadLetters(after: "nonsense") { nodes { letterId } } }'),
      400,
      /after: is not a cursor/,
    ],
  ]);
});

describe("a delivery that the queue did not sign for exactly this is refused", () => {
  const body = '{"run":1,"page":0}';
  const url = () => `${shop.app.url}/jobs/campaign-page`;
  const deliver = async (signature: Promise<string> | string, to = "campaign-page", sent = body) =>
    who.send(`/jobs/${to}`, { method: "POST", headers: { "upstash-signature": await signature }, body: sent });
  const signed = (changes = {}) => qstashSignature(shop, { url: url(), body, ...changes });
  refused([
    ["no signature", () => who.send("/jobs/campaign-page", { method: "POST", body }), 401, /not signed/],
    ["a forged one", () => deliver(signed({ key: "sig_of_someone_else_32_characters_" })), 401, /another key/],
    ["an expired one", () => deliver(signed({ from: -400, until: -60 })), 401, /expired/],
    ["another job's", () => deliver(signed(), "campaign-plan"), 401, /made for the URL/],
    [
      "one for the address without its query",
      () => deliver(signed(), "campaign-page?again=1"),
      401,
      /made for the URL/,
    ],
    ["another body's", () => deliver(signed(), "campaign-page", '{"run":1,"page":1}'), 401, /another body/],
    [
      "a webhook's",
      () => who.send("/webhooks/resend", { method: "POST", headers: { "svix-signature": "v1,x" }, body: "{}" }),
      401,
      /signature/,
    ],
  ]);

  test("an authentic redelivery is a 2xx without effect", async () => {
    const state = () => Promise.all([shop.ledger(run), shop.messages(), shop.ctx.sandbox.counts(), shop.faults(run)]);
    const before = await state();
    const messages = await shop.ctx.db.all<{ name: string; payload: string }>(
      sql`SELECT name, payload FROM outbox WHERE name <> 'events'`,
    );
    expect(messages.length).toBeGreaterThan(1);
    for (const { name, payload } of messages) {
      const signature = qstashSignature(shop, { url: `${shop.app.url}/jobs/${name}`, body: payload });
      expect((await deliver(signature, name, payload)).status).toBe(200);
    }
    expect(await state()).toEqual(before);
  });
});

const post = (path: string, body: BodyInit, type = "application/json") =>
  who.send(path, {
    method: "POST",
    headers: { "content-type": type, authorization: `Bearer ${shop.app.adminToken}` },
    body,
  });
const upsert = `mutation ($m: [MemberInput!]!) { upsertMembers(input: { members: $m }) {
  ... on MemberUpserts { outcomes { issues {
    path message } } } } }`;
const nested = (levels: number) => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);

describe("what is no request is told so", () => {
  refused([
    ["no JSON", () => post("/graphql", "{"), 400, /invalid JSON/],
    ["bytes that are no UTF-8", () => post("/graphql", Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)), 400, /JSON/],
    ["no GraphQL", () => operator("{ viewer {"), 400, /Syntax Error/],
    ["a field that is not there", () => operator("{ secrets }"), 400, /Cannot query field/],
    [
      "a NUL in a variable",
      () => operator(upsert, { m: [{ externalId: "a\0b" }] }),
      400,
      /m\.0\.externalId: holds a NUL/,
    ],
    ["a NUL in the document", () => operator('{ member(externalId: "a\\u0000") { id } }'), 400, /holds a NUL/],
    ["variables nested by the thousand", () => operator(upsert, { m: nested(5_000) }), 400, /nested deeper than 64/],
    [
      "attributes nested deep",
      () => operator(upsert, { m: [{ externalId: "a", attributes: { a: nested(40) } }] }),
      200,
      /"attributes".*nested deeper/,
    ],
    [
      "a day that no calendar has",
      () => operator(upsert, { m: [{ externalId: "a", registeredAt: "2026-02-30T00:00:00Z" }] }),
      400,
      /RFC 3339/,
    ],
    [
      "a form",
      () => post("/graphql", "query={viewer{kind}}", "application/x-www-form-urlencoded"),
      415,
      /application\/json/,
    ],
    ["another method", () => who.send("/app", { method: "DELETE" }), 405, /POST/],
    ["an address that is not there", () => who.send("/admin.php"), 404, /not found/],
    ["a changed link", () => who.send("/l/eyJ0byI6InVybCJ9.AAAA"), 404, /does not work/],
    ["a percent that encodes nothing", () => who.send("/u/%E0%A4%A"), 404, /does not work/],
    ["a file that is no table", () => post("/imports", "\0\x01,\n", "text/csv"), 422, /1:1/],
  ]);

  test("a Host header that names no host: 400", async () => {
    for (const host of ["a b", "", "[::1", "x:99999"]) {
      const said = await talk(shop.app.url, `GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(said).toMatch(/^HTTP\/1.1 400 /);
      expect(said).not.toMatch(inside);
    }
  });

  const long = "x".repeat(10_000_000);
  refused(
    ["/graphql", "/app", "/graphql/sign-in", "/jobs/sweep", "/webhooks/resend"].flatMap((path): Case[] => [
      [`10 MB at ${path}`, () => post(path, long), 413, /large|long|not a token/],
      [
        `10 MB at ${path}, unannounced`,
        () => who.send(path, { headers: { "content-type": "application/json" }, ...unannounced(10_000_000) }),
        413,
        /large|long|not a token/,
      ],
    ]),
  );
});

describe("an operator's faults are named with their place", () => {
  const create = `mutation ($i: CreateCampaignInput!) { createCampaign(input: $i) { __typename
    ... on InvalidInput { issues { path
      message } } } }`;
  const cancel = `mutation ($i: CancelCampaignInput!) { cancelCampaign(input: $i) { __typename
    ... on InvalidInput { issues { path
      message } } } }`;
  const draft = (input: object) => operator(create, { i: { name: "n", channels: ["IN_APP"], ...input } });
  const body = (text: string) => draft({ content: [{ parts: { inApp: { title: "t", body: text } } }] });
  refused([
    [
      "a reason without end",
      () => operator(cancel, { i: { campaignId: idOf("Campaign", 1), reason: "x".repeat(501) } }),
      200,
      /"path":"reason".*longer than 500/,
    ],
    ["an unknown condition", () => draft({ audience: { filter: { and: [{ shoeSize: 4 }] } } }), 400, /shoeSize/],
    [
      "a filter's bad path",
      () => draft({ audience: { filter: { attribute: { path: "a..b", eq: 1 } } } }),
      200,
      /"audience\.filter\.attribute\.path"/,
    ],
    [
      "SQL for a path",
      () => draft({ audience: { filter: { attribute: { path: "a') OR 1=1 --\"", eq: 1 } } } }),
      200,
      /"audience\.filter\.attribute\.path"/,
    ],
    [
      "a range the wrong way round",
      () =>
        operator("query ($f: AudienceFilter) { estimateAudience(filter: $f) { count } }", {
          f: { level: { between: { from: 2, to: 1 } } },
        }),
      400,
      /filter\.level\.between/,
    ],
    ["a template's unknown variable", () => body("a\n{{ member.shoe }}"), 200, /content\.IN_APP\.default\.body:2:4/],
    ["a template that is not closed", () => body("{% if member.level %}"), 200, /body:1:1.*not closed/],
    ["a template that reads files", () => body("{% include '/etc/passwd' %}"), 200, /tag \\"include\\" not found/],
    ["a template of what every object has", () => body("{{ constructor.name }}"), 200, /unknown variable/],
    [
      "a template that nests without end",
      () => body(`{{ member${"[member".repeat(300)}${"]".repeat(300)} }}`),
      200,
      /nested deeper|more than 100 brackets/,
    ],
  ]);
});

describe("what was sent is not sent back by the megabyte", () => {
  const much = "a".repeat(900_000);
  const words = "a b".repeat(300_000);
  const ask = (query: string, variables?: unknown) => () => operator(query, variables);
  const get =
    (path: string, headers: Record<string, string> = {}) =>
    () =>
      who.send(path, { headers });
  const queue = (path: string, headers: Record<string, string>) => () => {
    const { url, token } = shop.ctx.queue.settings;
    return stranger(url).send(path, { method: "POST", headers: { authorization: `Bearer ${token}`, ...headers } });
  };
  const faulty = "... on InvalidInput { issues { path message } refusal message }";
  const draft = `mutation ($i: CreateCampaignInput!) { createCampaign(input: $i) { ${faulty} } }`;
  const stop = `mutation ($i: CancelCampaignInput!) { cancelCampaign(input: $i) {
    ... on InvalidInput { issues { path message } } } }`;
  const echoes: [title: string, ask: () => Promise<Answer>][] = [
    ["an id", ask(`{ node(id: "${much}") { id } }`)],
    ["an id of a kind", ask("query ($i: ID!) { campaign(id: $i) { id } }", { i: btoa(`Campaign:${much}`) })],
    ["an id in an input", ask(stop, { i: { campaignId: much } })],
    ["a key", ask("query ($e: String!) { member(externalId: $e) { id } }", { e: much })],
    ["a field", ask(`{ ${much} }`)],
    ["an argument", ask(`{ node(id: "x", ${much}: 1) { id } }`)],
    ["a type", ask(`query ($x: ${much}) { viewer { kind } }`)],
    ["a directive", ask(`{ viewer @${much} { kind } }`)],
    ["a fragment", ask(`{ ...${much} }`)],
    ["what is no syntax", ask(`{ viewer { kind } } ${much}`)],
    ["an alias", ask(`{ ${much}: node(id: "x") { id } }`)],
    [
      "an operation's name",
      () =>
        who.send("/graphql", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ query: "{viewer{kind}}", operationName: much }),
        }),
    ],
    [
      "a parameter's name",
      () =>
        who.send("/graphql", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ query: "{viewer{kind}}", [much]: 1 }),
        }),
    ],
    ["an enum's value", ask(draft, { i: { name: "n", channels: [much] } })],
    ["an enum's value in the document", ask(`{ runs(state: ${much}) { nodes { id } } }`)],
    ["an input's field", ask(draft, { i: { [much]: 1 } })],
    ["a date of many words", ask(upsert, { m: [{ externalId: "a", registeredAt: words }] })],
    ["a whole number", ask("query ($n: Int) { runs(first: $n) { nodes { id } } }", { n: words })],
    ["a cursor", ask("query ($a: String) { runs(after: $a) { nodes { id } } }", { a: much })],
    [
      "a filter's path",
      ask(draft, {
        i: { name: "n", channels: ["IN_APP"], audience: { filter: { attribute: { path: much, eq: 1 } } } },
      }),
    ],
    [
      "a template",
      ask(draft, {
        i: { name: "n", channels: ["IN_APP"], content: [{ parts: { inApp: { title: `{{ ${much} }}`, body: "b" } } }] },
      }),
    ],
    [
      "a language",
      ask(draft, {
        i: {
          name: "n",
          channels: ["IN_APP"],
          content: [{ locale: much, parts: { inApp: { title: "t", body: "b" } } }],
        },
      }),
    ],
    [
      "a heading",
      ask(`mutation ($c: String!) { importMembers(input: { name: "n", csv: $c }) { ${faulty} } }`, {
        c: `externalId,${"a".repeat(50_000)}\n`,
      }),
    ],
    ["a path", get(`/${"a".repeat(9_000)}`)],
    [
      "a header",
      get("/app", {
        "x-request-id": "a".repeat(5_000),
        "access-control-request-method": "POST",
        origin: `https://${"a".repeat(5_000)}`,
      }),
    ],
    ["a cron", queue("/v2/schedules/http://a.test/", { "upstash-cron": "a".repeat(9_000) })],
    ["a delay", queue("/v2/publish/http://a.test/", { "upstash-delay": "a".repeat(9_000) })],
    ["a destination", queue(`/v2/publish/${"a".repeat(9_000)}`, {})],
    ["a queue", queue(`/v2/enqueue/${"a".repeat(9_000)}/http://a.test/`, {})],
  ];
  for (const [title, asked] of echoes) {
    test(title, async () => {
      const { status, text } = await asked();
      expect(status).toBeLessThan(500);
      expect(text).toMatch(/error|issues|null|message/i);
      expect(text.length).toBeLessThan(6_000);
    });
  }
});

test("nothing failed, nothing of the inside got out, and the log knows nobody", () => {
  expect(who.answers.length).toBeGreaterThan(50);
  expect(who.answers.filter(({ status }) => status >= 500)).toEqual([]);
  expect(who.answers.filter(({ text }) => inside.test(text) || /seeded@victim/.test(text))).toEqual([]);
  expect(log.filter((line) => line.startsWith("error") || inside.test(line))).toEqual([]);
  expect(log.filter((line) => personal.test(line))).toEqual([]);
});

test("a server of its own writes neither of them to its log either", async () => {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...Bun.env,
    DATA_DIR: tempDir(),
    PORT: String(port),
    LOG_LEVEL: "debug",
    REDIS_URL: "none",
    NODE_ENV: "development",
  };
  const child = Bun.spawn([process.execPath, "src/main.ts"], {
    cwd: join(import.meta.dir, "../.."),
    env,
    stdout: "pipe",
    stderr: "pipe",
  });
  children.push(child);
  const written = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  await until(
    () =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    undefined,
    "the server",
  );
  const someone = stranger(url);
  const members = [{ externalId: "a", email: "a.seeded@victim.test", phone: "+4915199910001" }];
  for (const face of ["graphql", "app"] as const) {
    await someone.ask(face, "ff_op_nobody", "{ viewer { kind } }");
    await someone.ask(face, tokens.forged, upsert, { m: members });
    await someone.ask(face, undefined, upsert, { m: members });
    await someone.send(`/${face}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "a.seeded@victim.test",
    });
  }
  await someone.send("/jobs/campaign-page", {
    method: "POST",
    headers: { "upstash-signature": tokens.forged },
    body: "+4915199910001",
  });
  await someone.send("/u/a.seeded@victim.test");
  await talk(url, "GET /a.seeded@victim.test HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n");
  await talk(url, "FROB /\0 HTTP/1.1\r\nHost: x\r\n\r\n");
  child.kill();
  const [, stderr] = await written;
  expect(someone.answers.filter(({ status }) => status >= 500)).toEqual([]);
  expect(stderr).not.toMatch(inside);
  expect(stderr).not.toMatch(personal);
  expect(stderr).not.toContain('"level":50');
});
