import { afterAll, beforeAll, expect, test } from "bun:test";
import { readManifest, writeManifest } from "../../../src/schema/server/document-manifest.ts";
import { trustedDocuments } from "../../../src/schema/server/trusted-documents.ts";
import { type Answer, serveGraphql } from "../../support/graphql.ts";
import { probe, probeSchemas } from "../../support/probe-schema.ts";

type Served = Awaited<ReturnType<typeof serveGraphql>>;

const texts = {
  box: "query Box { box { level } }",
  poke: "mutation Poke { poke }",
  pokes: "mutation Pokes { a: poke b: poke }",
  ticks: "subscription Ticks($to: Int!) { ticks(to: $to) }",
  secret: "query Secret { box { level } secret }",
  broken: "query Broken { broken }",
  nothing: "query Nothing { box { level } nothing }",
  boxes: `query Boxes { box { ${"boxes { ".repeat(12)} level ${"} ".repeat(12)} } }`,
  long: `query Long { box { ${"level ".repeat(1_100)} } }`,
  wide: `query Wide { box { ${Array.from({ length: 20 }, (_, n) => `a${n}: level`).join(" ")} } }`,
  nul: 'query Nul { box { level } __type(name: "\\u0000") { name } }',
  bix: "query Bix { bix }",
  syntax: "query Syntax {",
  two: "query One { box { level } } query Two { box { level } }",
} as const;
type Name = keyof typeof texts;

const documents = trustedDocuments();
const idOf = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, documents.add(text, name).id]));
const roads: string[] = [];
const count = (document: string, road: string) => void roads.push(`${document.split(" ")[0]} by the ${road}`);

let lane: Served;
let face: Served;
let strict: Served;
beforeAll(async () => {
  const serve = (more: { isOpen: boolean; only: boolean }) =>
    serveGraphql({ schemas: probeSchemas(), trusted: { documents, count, ...more } });
  [lane, face, strict] = await Promise.all([
    serve({ isOpen: true, only: false }),
    serve({ isOpen: false, only: false }),
    serve({ isOpen: true, only: true }),
  ]);
});
afterAll(() => Promise.all([lane, face, strict].map((api) => api.stop())));

const json = { "content-type": "application/json", "x-request-id": "request-1" };
const ask = (api: Served, body: unknown, headers = {}) =>
  api.post("app", JSON.stringify(body), { ...json, ...headers });
const seen = ({ status, headers, text }: Answer) => [status, headers.get("content-type"), text];

test("a document is named by its hash, in either protocol, by a name of the manifest, or by its text", async () => {
  const hash = idOf.box?.replace("sha256:", "");
  const ways = [
    { documentId: idOf.box },
    { documentId: hash },
    { documentId: "box" },
    { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } },
    { query: texts.box },
    { documentId: idOf.box, query: texts.box },
    { documentId: idOf.box, query: null, variables: null, operationName: null, extensions: null },
    { documentId: idOf.box, operationName: "Box", variables: {} },
  ];
  roads.length = 0;
  for (const way of ways) {
    const answer = await ask(lane, way);
    expect([way, answer.status, answer.body]).toEqual([way, 200, { data: { box: { level: 0 } } }]);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  }
  expect(roads).toEqual(ways.map(() => "Box by the lane"));
});

test("what nobody knows, and a text that is not its id's, are refused in every form of answer", async () => {
  for (const accept of ["application/json", "application/graphql-response+json"]) {
    for (const api of [lane, face, strict]) {
      const unknown = await ask(api, { documentId: `sha256:${"0".repeat(64)}` }, { accept });
      expect([unknown.status, unknown.code]).toEqual([400, "PERSISTED_QUERY_NOT_FOUND"]);
      for (const documentId of [7, {}, "", "__proto__", "constructor"]) {
        expect((await ask(api, { documentId }, { accept })).code).toBe("PERSISTED_QUERY_NOT_FOUND");
      }
      const other = await ask(api, { documentId: idOf.box, query: "{ box { level } }" }, { accept });
      expect([other.status, other.code]).toEqual([400, "BAD_REQUEST"]);
    }
  }
});

test("a server that takes nothing else says so, and nothing is ever added", async () => {
  const query = "{ box { level box { level } } }";
  const { size } = documents;
  const hash = new Bun.CryptoHasher("sha256").update(query).digest("hex");
  const registering = { query, extensions: { persistedQuery: { version: 1, sha256Hash: hash } } };
  for (const body of [{ query }, registering]) {
    const refused = await ask(strict, body);
    expect([refused.status, refused.code]).toEqual([400, "QUERY_NOT_IN_SAFELIST"]);
    expect((await ask(lane, body)).body).toEqual({ data: { box: { level: 0, box: { level: 1 } } } });
  }
  expect((await ask(strict, {})).body.errors[0].message).toBe("Must provide query string.");
  expect(documents.size).toBe(size);
});

const refusals: [name: Name, code: string | undefined, variables?: unknown][] = [
  ["secret", "GRAPHQL_VALIDATION_FAILED"],
  ["poke", "UNAUTHENTICATED"],
  ["pokes", "ONE_MUTATION_ONLY"],
  ["broken", "INTERNAL"],
  ["nothing", "INTERNAL"],
  ["boxes", "QUERY_DEPTH"],
  ["long", "TOO_MANY_TOKENS"],
  ["wide", "TOO_MANY_ALIASES"],
  ["nul", "INVALID_INPUT"],
  ["bix", "GRAPHQL_VALIDATION_FAILED"],
  ["syntax", "GRAPHQL_PARSE_FAILED"],
  ["two", "OPERATION_RESOLUTION_FAILURE"],
  ["box", "INVALID_INPUT", { a: "\0" }],
  ["box", "INVALID_INPUT", { a: JSON.parse("[".repeat(70) + "]".repeat(70)) }],
  ["box", "BAD_REQUEST", "x"],
  ["box", "BAD_REQUEST", [1]],
];
for (const [name, code, variables] of refusals) {
  test(`the lane refuses ${name} with ${code}, to the letter as every other road does`, async () => {
    for (const accept of ["application/json", "application/graphql-response+json", "*/*"]) {
      const body = { documentId: idOf[name], variables };
      const [byLane, byFace, byText] = [
        await ask(lane, body, { accept }),
        await ask(face, body, { accept }),
        await ask(face, { query: texts[name], variables }, { accept }),
      ];
      expect(seen(byLane)).toEqual(seen(byFace));
      expect(seen(byLane)).toEqual(seen(byText));
      expect(byLane.code).toBe(code);
      expect(byLane.text).not.toMatch(/hunter2|node_modules/);
    }
  });
}

test("tokens, sizes and parameters are looked at before the lane, and a bug is told to the log", async () => {
  const box = { documentId: idOf.box };
  expect((await ask(lane, box, { authorization: "Bearer nonsense" })).status).toBe(401);
  expect((await lane.post("app", JSON.stringify(box), { "content-type": "text/plain" })).status).toBe(415);
  expect((await ask(lane, { ...box, variables: { a: "x".repeat(1_000_001) } })).status).toBe(413);
  expect((await ask(lane, { ...box, page: 1 })).body.errors[0].message).toContain('"page"');
  for (const extensions of [7, "x", [], true]) {
    const [byLane, byFace] = [await ask(lane, { ...box, extensions }), await ask(face, { ...box, extensions })];
    expect(seen(byLane)).toEqual(seen(byFace));
    expect([byLane.status, byLane.code]).toEqual([400, "BAD_REQUEST"]);
  }
  expect((await ask(lane, { ...box, operationName: "Other" })).code).toBe("OPERATION_RESOLUTION_FAILURE");
  lane.logged.length = 0;
  await ask(lane, { documentId: idOf.broken });
  expect(lane.logged).toMatchObject([{ event: "graphql.bug", fields: { requestId: "request-1" } }]);
});

test("members do what they may, once; who watches is given events", async () => {
  const authorization = `Bearer ${await lane.member("poker")}`;
  const before = probe.mutated;
  expect((await ask(lane, { documentId: idOf.poke }, { authorization })).body).toEqual({ data: { poke: before + 1 } });
  expect(probe.mutated).toBe(before + 1);
  const response = await fetch(`${lane.url}/app`, {
    method: "POST",
    headers: { ...json, authorization, accept: "text/event-stream" },
    body: JSON.stringify({ documentId: idOf.ticks, variables: { to: 2 } }),
  });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const { value } = (await response.body?.getReader().read()) ?? {};
  expect(new TextDecoder().decode(value)).toContain("event: next");
});

test("a manifest is read in either format; an entry at fault is named", () => {
  for (const format of ["flat", "apollo"] as const) {
    const read = readManifest(writeManifest([texts.box, texts.poke], format), "m.json");
    expect(read.size).toBe(2);
    expect(read.find({ documentId: idOf.poke } as object)).toMatchObject({ text: texts.poke });
  }
  const fault = (manifest: unknown) => () => readManifest(JSON.stringify(manifest), "m.json");
  expect(fault({ [`sha256:${"a".repeat(64)}`]: texts.box })).toThrow(/^m\.json: sha256:a+ is not the SHA-256/);
  expect(fault({ box: 7 })).toThrow('m.json: the document "box" has no text');
  expect(fault({ operations: [{ body: texts.box }] })).toThrow("m.json: operation 1 has no id");
  const twice = [texts.box, texts.poke].map((body) => ({ id: "one", body }));
  expect(fault({ operations: twice })).toThrow('m.json: a second document is called "one"');
  expect(fault([])).toThrow("m.json: is no map of documents");
  expect(() => readManifest("{", "m.json")).toThrow("m.json: is no JSON");
});
