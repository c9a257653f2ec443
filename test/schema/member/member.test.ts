import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import type { Actor } from "../../../src/actor.ts";
import { domains } from "../../../src/domains.ts";
import { memberTerms } from "../../../src/member/audience-terms.ts";
import { createMemory } from "../../../src/memory.ts";
import { createSignIn } from "../../../src/operations/sign-in.ts";
import { workbookType } from "../../../src/schema/files/upload.ts";
import { createImportUpload } from "../../../src/schema/member/import-upload.ts";
import { buildSchemas } from "../../../src/schema/server/schemas.ts";
import { realWorld } from "../../../src/world.ts";
import { bytesIn } from "../../support/encoded.ts";
import { type Answer, serveGraphql, testContext } from "../../support/graphql.ts";
import { beginPost } from "../../support/half-open.ts";
import { tempDir } from "../../support/temp.ts";
import { sharedRows, workbookOf } from "../../support/workbook.ts";

let api: Awaited<ReturnType<typeof serveGraphql>>;
let [admin, viewer, shop] = ["", "", ""];
beforeAll(async () => {
  api = await serveGraphql();
  admin = await api.token({ kind: "operator", name: "Ada", role: "admin" });
  viewer = await api.token({ kind: "operator", name: "Vic", role: "viewer" });
  shop = await api.token({ kind: "service", name: "shop", scopes: ["members:write"] });
});
afterAll(() => api.stop());

const ask = (query: string, variables?: unknown, token = admin) => api.ask("graphql", query, { token, variables });
const upsert = (members: unknown[], token = shop) =>
  ask(
    `mutation ($input: UpsertMembersInput!) { upsertMembers(input: $input) { __typename
      ... on MemberUpserts { created: count(kind: CREATED) outcomes { index kind publicId issues { path } } }
      ... on Refusal { refusal message } ... on InvalidInput { issues { path } } } }`,
    { input: { members } },
    token,
  );
const ids = (answer: Answer) =>
  answer.body.data.members.nodes.map(({ externalId }: { externalId: string }) => externalId);

beforeAll(async () => {
  await upsert([
    {
      externalId: "anna",
      level: 5,
      totalSpend: "9007199254740991",
      tags: ["vip"],
      registeredAt: "2020-01-01T00:00:00Z",
      attributes: { city: "Graz" },
    },
    {
      externalId: "ben",
      level: 1,
      email: "ben@shop.example",
      consent: [{ channel: "EMAIL", granted: true }],
      birthday: "1990-05-05",
    },
    { externalId: "cem", level: 3, lastActiveAt: "2026-01-01T00:00:00Z" },
  ]);
});

describe("upsertMembers", () => {
  test("tells per item what became of it", async () => {
    const { body } = await upsert([
      { externalId: "ben", level: 1 },
      { externalId: "new" },
      { externalId: "bad", email: "x" },
    ]);
    const { outcomes, created } = body.data.upsertMembers;
    expect(outcomes.map(({ kind }: { kind: string }) => kind)).toEqual(["UNCHANGED", "CREATED", "INVALID"]);
    expect([created, outcomes[2].issues, typeof outcomes[0].publicId]).toEqual([1, [{ path: "email" }], "string"]);
  });

  test("is for editors and the shop's backend", async () => {
    const { body } = await upsert([], viewer);
    expect(body.data.upsertMembers).toMatchObject({ __typename: "Forbidden", refusal: "FORBIDDEN" });
  });
});

describe("an AudienceFilter", () => {
  const filtered = (filter: unknown) =>
    ask("query ($filter: AudienceFilter) { members(filter: $filter, first: 10) { nodes { externalId } totalCount } }", {
      filter,
    });

  test("has every term of the registry, each described", () => {
    const filter = buildSchemas(domains).operators.getType("AudienceFilter");
    const fields = filter && "getFields" in filter ? Object.values(filter.getFields()) : [];
    expect(fields.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...memberTerms.map(({ name }) => name), "and", "or", "not"]),
    );
    expect(fields.every(({ description }) => (description?.length ?? 0) > 10)).toBe(true);
  });

  test("selects by numbers, texts, moments, tags, attributes and their combinations", async () => {
    expect(ids(await filtered({ level: { gte: 3 } }))).toEqual(["anna", "cem"]);
    expect(ids(await filtered({ totalSpend: { eq: "9007199254740991" } }))).toEqual(["anna"]);
    expect(ids(await filtered({ registeredAt: { lt: "2021-01-01T00:00:00+02:00" } }))).toEqual(["anna"]);
    expect(
      ids(await filtered({ lastActiveAt: { between: { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" } } })),
    ).toEqual(["cem"]);
    expect(ids(await filtered({ attribute: { path: "city", in: ["Graz", 8010] } }))).toEqual(["anna"]);
    expect(
      ids(
        await filtered({
          and: [{ not: { tag: { has: "vip" } } }, { or: [{ birthday: { eq: "1990-05-05" } }, { level: { in: [3] } }] }],
        }),
      ),
    ).toEqual(["ben", "cem"]);
    expect(ids(await filtered({ consented: { channel: "EMAIL" } }))).toEqual(["ben"]);
    expect((await filtered({ control: true })).body.data.members).toEqual({ nodes: [], totalCount: 0 });
  });

  test("with a fault is a typed error that names its place", async () => {
    const { body, status } = await filtered({ and: [{ level: { gte: 1 } }, { tag: { any: [] } }] });
    expect([status < 500, body.errors[0].extensions.issues[0].path]).toEqual([true, "filter.and.1.tag.any"]);
    expect((await filtered({ level: { gte: 1 }, points: { gte: 1 } })).body.errors[0].message).toContain(
      "Exactly one key",
    );
  });
});

test("estimateAudience counts, shows a sample, says whom each channel reaches and how it is served", async () => {
  const { body } = await ask(
    `{ estimateAudience(filter: { level: { gte: 1 } }) { count usesIndex advice
      sample { externalId tags consents { channel granted } pushDevices } reach { channel members } } }`,
    undefined,
    viewer,
  );
  const { count, usesIndex, sample, reach } = body.data.estimateAudience;
  expect([count, usesIndex, sample.length]).toEqual([3, true, 3]);
  expect(reach).toContainEqual({ channel: "EMAIL", members: 1 });
  expect(sample).toContainEqual({
    externalId: "ben",
    tags: [],
    consents: [{ channel: "EMAIL", granted: true }],
    pushDevices: 0,
  });
});

test("segments are made, changed, listed and deleted, and keep a filter that can be given again", async () => {
  const filter = { and: [{ registeredAt: { lt: "2021-01-01T00:00:00.000Z" } }, { totalSpend: { gt: 5 } }] };
  const made = await ask(
    `mutation ($f: AudienceFilter!) { createSegment(input: { name: "old", filter: $f }) { ... on Segment { id filter }
      } }`,
    { f: filter },
  );
  const { id, filter: kept } = made.body.data.createSegment;
  expect(kept).toEqual(filter);
  const faulty = await ask(
    `mutation { createSegment(input: { name: "x", filter: { tag: { has: "" } } }) { ... on InvalidInput { issues {
      path } } } }`,
  );
  expect(faulty.body.data.createSegment.issues).toEqual([{ path: "filter.tag.has" }]);
  const changed = await ask(
    `mutation ($id: ID!) { updateSegment(input: { segmentId: $id, name: "older" }) { ... on Segment { name filter } }
      }`,
    { id },
  );
  expect(changed.body.data.updateSegment).toEqual({ name: "older", filter });
  expect((await ask("{ segments { nodes { name } } }")).body.data.segments.nodes).toEqual([{ name: "older" }]);
  expect(
    (await ask("mutation ($id: ID!) { deleteSegment(input: { segmentId: $id }) { __typename } }", { id })).body.data
      .deleteSegment.__typename,
  ).toBe("Segment");
});

describe("a member on the app", () => {
  test("sees and changes their own word alone", async () => {
    const token = await api.member("zoe");
    const app = (query: string) => api.ask("app", query, { token });
    const { body } = await app(
      `mutation { setMyConsent(input: { channel: EMAIL, topic: "news", granted: true }) { ... on Member { id
        externalId consents { topic granted source } } } }`,
    );
    expect(body.data.setMyConsent).toMatchObject({
      externalId: "zoe",
      consents: [{ topic: "news", granted: true, source: "member" }],
    });
    const anna = (await ask('{ member(externalId: "anna") { id } }')).body.data.member.id;
    expect((await app(`{ node(id: "${anna}") { id } }`)).body.data.node).toBeNull();
    expect((await app("{ me { externalId attributes } }")).body.errors[0].message).toContain("attributes");
    expect((await app("{ members { nodes { externalId } } }")).body.errors[0].message).toContain("members");
  });
});

test("exporting and erasing a member are for admins, and an erased member is gone", async () => {
  const id = (await ask('{ member(externalId: "cem") { id } }')).body.data.member.id;
  const erase = "mutation ($id: ID!) { eraseMember(input: { memberId: $id }) { __typename } }";
  expect((await ask(erase, { id }, viewer)).body.data.eraseMember.__typename).toBe("Forbidden");
  const exported = await ask(
    "mutation ($id: ID!) { exportMember(input: { memberId: $id }) { ... on MemberExport { data } } }",
    { id },
  );
  expect(exported.body.data.exportMember.data.member.externalId).toBe("cem");
  expect((await ask(erase, { id })).body.data.eraseMember.__typename).toBe("ErasedMember");
  expect((await ask(erase, { id })).body.data.eraseMember.__typename).toBe("NotFound");
  expect((await ask('{ member(externalId: "cem") { id } }')).body.data.member).toBeNull();
});

test("members are imported from text, with the faults of each row", async () => {
  const query = `mutation ($csv: String!) { importMembers(input: { name: "m.csv", csv: $csv,
    headings: [{ heading: "Nr", field: "externalId" }] }) {
    ... on MemberImport { state created faulty faults { row column message } } ... on InvalidInput
    { issues { path } } } }`;
  const { body } = await ask(query, { csv: "Nr,level\ni1,3\ni2,x\n" }, shop);
  expect(body.data.importMembers).toMatchObject({
    state: "DONE",
    created: 1,
    faulty: 1,
    faults: [{ row: 3, column: 2 }],
  });
  expect((await ask(query, { csv: "Nr,levle\n" }, shop)).body.data.importMembers.issues).toEqual([{ path: "1:2" }]);
  expect((await ask("{ memberImports { nodes { name rows } } }")).body.data.memberImports.nodes).toEqual([
    { name: "m.csv", rows: 2 },
  ]);
});

describe("POST /imports", () => {
  const fileHouse = {
    id: realWorld.id,
    limitRequest: async () => undefined,
    addressOf: () => "here",
    leaving: new AbortController().signal,
    timers: realWorld.timers,
  };
  const dir = tempDir();
  const send = async (body: BodyInit, headers: Record<string, string>, query = "", maxBytes = 1_000_000) => {
    const signIn = createSignIn({ db: api.db, members: undefined, memory: createMemory(), ...realWorld });
    const contextFor = (actor: Actor) => testContext(api.db, actor);
    const fetchOne = createImportUpload({ ...fileHouse, signIn, contextFor, dir, maxBytes });
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: fetchOne });
    const response = await fetch(`http://127.0.0.1:${server.port}/imports${query}`, { method: "POST", body, headers });
    const answer = { status: response.status, body: await response.json() };
    await server.stop(true);
    return answer;
  };
  test("does not wait for a file that stops arriving", async () => {
    const contextFor = (actor: Actor) => testContext(api.db, actor);
    const signIn = createSignIn({ db: api.db, members: undefined, memory: createMemory(), ...realWorld });
    const pace = { bytes: 1_000, ms: 20 };
    const fetchOne = createImportUpload({ ...fileHouse, signIn, contextFor, dir, pace });
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: fetchOne });
    const headers = { authorization: `Bearer ${shop}`, "content-type": "text/csv" };
    const begun = beginPost(`http://127.0.0.1:${server.port}/imports`, { headers, body: "externalId\n", length: 100 });
    await begun.closed;
    expect(begun.said()).toMatch(/^HTTP\/1.1 408 .*less than 1000 bytes came in 0.02 s; send it again/s);
    await server.stop(true);
    expect(await readdir(dir)).toEqual([]);
  });

  const csv = (token: string) => ({ "content-type": "text/csv; charset=utf-8", authorization: `Bearer ${token}` });

  test("takes a file and answers what became of it, and keeps nothing of it", async () => {
    const text = `Nr,level\n${Array.from({ length: 3000 }, (_, i) => `up${i},${i === 7 ? "x" : 1}\n`).join("")}`;
    const { status, body } = await send(text, csv(shop), "?name=up.csv&heading=Nr%3DexternalId");
    expect([status, body.import.state, body.import.created, body.import.firstFaults]).toEqual([
      200,
      "done",
      2999,
      [{ row: 9, column: 2, message: "is no whole number: write digits alone, e.g. 12" }],
    ]);
    expect(await readdir(dir)).toEqual([]);
  });

  test("takes a workbook by its type, and `importMembers` in base64", async () => {
    const workbook = (id: string) => workbookOf(sharedRows([["externalId"], [id]]));
    const { status, body } = await send(workbook("x1"), { ...csv(shop), "content-type": workbookType });
    expect([status, body.import.state, body.import.created]).toEqual([200, "done", 1]);
    const query = `mutation ($xlsx: String!) { importMembers(input: { name: "m.xlsx", xlsx: $xlsx }) {
      ... on MemberImport { created } ... on InvalidInput { issues { path } } } }`;
    const sent = async (xlsx: string) => (await ask(query, { xlsx }, shop)).body.data.importMembers;
    expect(await sent(workbook("x2").toString("base64"))).toEqual({ created: 1 });
    expect(await sent("*")).toEqual({ issues: [{ path: "xlsx" }] });
  });

  test("reads a file in the encoding that is said, and refuses one that is in none, with row and column", async () => {
    const polish = bytesIn("windows-1250", "externalId,attribute:name\nzolw,Żółw\n");
    const { body } = await send(polish, csv(shop), "?encoding=cp1250");
    expect(body.import).toMatchObject({ created: 1, encoding: "windows-1250", encodingGuessed: false });
    const refused = await send(polish, csv(shop));
    expect([refused.status, refused.body.errors[0].extensions.issues[0].path]).toEqual([422, "2:2"]);
  });

  test("refuses strangers, other forms, faulty headers and too long files, each with a 4xx that says why", async () => {
    const text = "externalId\na\n";
    const refusals = [
      await send(text, { "content-type": "text/csv" }),
      await send(text, csv(viewer)),
      await send(text, { ...csv(shop), "content-type": "text/plain" }),
      await send("levle\n1\n", csv(shop)),
      await send(text.repeat(100), csv(shop), "", 100),
    ];
    expect(refusals.map(({ status, body }) => [status, body.errors[0].extensions.code])).toEqual([
      [401, "UNAUTHENTICATED"],
      [403, "FORBIDDEN"],
      [415, "UNSUPPORTED_MEDIA_TYPE"],
      [422, "INVALID_INPUT"],
      [413, "TOO_LARGE"],
    ]);
    expect(await readdir(dir)).toEqual([]);
  });
});
