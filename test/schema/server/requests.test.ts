import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createMemory } from "../../../src/memory.ts";
import { createRequestLimit } from "../../../src/operations/request-limit.ts";
import { clientAddress } from "../../../src/web/client-address.ts";
import { realWorld } from "../../../src/world.ts";
import { type Answer, type Face, read, serveGraphql } from "../../support/graphql.ts";
import { probe, probeSchemas } from "../../support/probe-schema.ts";

const json = { "content-type": "application/json" };
type Served = Awaited<ReturnType<typeof serveGraphql>>;

/** What a stranger may see of a fault: a code, words, an id to quote; no stack, no path of ours. */
function expectFault(answer: Answer, status: number, code: string, words: string | RegExp): void {
  expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
  expect(answer.body.errors[0].message).toMatch(words);
  expect(answer.body.errors[0].extensions.requestId).toBe(answer.headers.get("x-request-id"));
  expect(answer.text).not.toMatch(/node_modules|\.ts:|at Object|stack|hunter2/);
}

describe("a request that is not what it should be", () => {
  let api: Served;
  beforeAll(async () => {
    api = await serveGraphql({ schemas: probeSchemas() });
  });
  afterAll(() => api.stop());

  const bodies: [title: string, body: string, status: number, code: string, words: string | RegExp][] = [
    ["broken JSON", "{", 400, "BAD_REQUEST", "invalid JSON"],
    ["JSON half a million brackets deep", "[".repeat(500_000), 400, "BAD_REQUEST", "invalid JSON"],
    ["null", "null", 400, "BAD_REQUEST", "expected to be object"],
    ["a batch", '[{"query":"{box{level}}"},{"query":"{box{level}}"}]', 400, "BAD_REQUEST", "Batching"],
    ["no query", "{}", 400, "BAD_REQUEST", "query"],
    ["a query that is a number", '{"query":7}', 400, "BAD_REQUEST", '"query" param to be a string'],
    ["variables that are a string", '{"query":"{box{level}}","variables":"x"}', 400, "BAD_REQUEST", "variables"],
    ["an unknown parameter", '{"query":"{box{level}}","page":1}', 400, "BAD_REQUEST", "page"],
    ["broken GraphQL", '{"query":"{ box {"}', 400, "GRAPHQL_PARSE_FAILED", "Syntax Error"],
    ["an unknown field", '{"query":"{ bix }"}', 400, "GRAPHQL_VALIDATION_FAILED", /"bix".*Did you mean "box"/],
    [
      "an operation name that is not there",
      '{"query":"query A{box{level}}","operationName":"B"}',
      400,
      "OPERATION_RESOLUTION_FAILURE",
      "operation",
    ],
    [
      "a variable of the wrong type",
      '{"query":"subscription($to:Int!){ticks(to:$to)}","variables":{"to":"x"}}',
      400,
      "BAD_REQUEST",
      /\$to.*Int/,
    ],
  ];
  for (const face of ["graphql", "app"] satisfies Face[]) {
    for (const [title, body, status, code, words] of bodies) {
      test(`${title} at /${face} is answered with ${status} and names the fault`, async () => {
        expectFault(await api.post(face, body, json), status, code, words);
      });
    }

    test(`10 MB at /${face} are refused by their announced length`, async () => {
      const body = JSON.stringify({ query: `{box{level}}${" ".repeat(10_000_000)}` });
      expectFault(await api.post(face, body, json), 413, "REQUEST_ENTITY_TOO_LARGE", "too large");
    });

    test(`10 MB at /${face} without an announced length are refused while they are read`, async () => {
      let sent = 0;
      const chunk = new Uint8Array(65_536).fill(32);
      const body = new ReadableStream({
        pull(controller) {
          controller.enqueue(chunk);
          sent += chunk.length;
          if (sent > 10_000_000) controller.close();
        },
      });
      expectFault(await api.post(face, body, json), 413, "REQUEST_ENTITY_TOO_LARGE", "too large");
    });

    test(`a form that another site posts to /${face} is refused and does nothing`, async () => {
      const before = probe.mutated;
      const token = await api.member(`form-${face}`);
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""]) {
        const answer = await api.post(face, "query=mutation{poke}", {
          "content-type": type,
          authorization: `Bearer ${token}`,
        });
        expectFault(answer, 415, "UNSUPPORTED_MEDIA_TYPE", "application/json");
      }
      expect(probe.mutated).toBe(before);
    });

    test(`only POST reaches /${face}, and no other origin is let in`, async () => {
      for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
        const url = `${api.url}/${face}?query={box{level}}`;
        const answer = await read(await fetch(url, { method, headers: { origin: "https://evil.test" } }));
        expectFault(answer, 405, "METHOD_NOT_ALLOWED", "POST");
        expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      }
    });
  }

  const asks: [title: string, query: string, status: number, code: string][] = [
    ["is no syntax", "{", 400, "GRAPHQL_PARSE_FAILED"],
    ["is not of the schema", "{ bix }", 400, "GRAPHQL_VALIDATION_FAILED"],
    ["breaks something", "{ broken }", 500, "INTERNAL"],
    [
      "asks for too much",
      `{${Array.from({ length: 16 }, (_, i) => `a${i}:box{level}`).join(" ")}}`,
      400,
      "TOO_MANY_ALIASES",
    ],
  ];
  for (const [title, query, status, code] of asks) {
    test(`a document that ${title} has its status under graphql-response+json, and 200 under json`, async () => {
      const types: [accept: string, status: number, type: string][] = [
        ["application/json", 200, "application/json; charset=utf-8"],
        ["application/graphql-response+json", status, "application/graphql-response+json; charset=utf-8"],
        [
          "application/json;q=0.5, application/graphql-response+json",
          status,
          "application/graphql-response+json; charset=utf-8",
        ],
        ["*/*", status, "application/graphql-response+json; charset=utf-8"],
      ];
      for (const [accept, expected, type] of types) {
        const answer = await api.ask("app", query, { headers: { accept } });
        expect([accept, answer.status, answer.code]).toEqual([accept, expected, code]);
        expect(answer.headers.get("content-type")).toBe(type);
      }
    });
  }

  test("what is wrong with the request itself has its status whatever is accepted", async () => {
    for (const accept of ["application/json", "text/event-stream", "application/graphql-response+json"]) {
      expectFault(await api.post("app", "{", { ...json, accept }), 400, "BAD_REQUEST", "invalid JSON");
      const bad = await api.ask("app", "{box{level}}", { token: "ff_op_x", headers: { accept } });
      expectFault(bad, 401, "TOKEN_UNKNOWN", "revoked");
    }
  });

  test("a client that takes neither JSON nor events is told what there is", async () => {
    for (const accept of ["image/png", "constructor", "__proto__"]) {
      const answer = await api.ask("app", "{box{level}}", { headers: { accept } });
      expectFault(answer, 406, "NOT_ACCEPTABLE", "json");
    }
  });

  test("a bug is masked, carries the request's id, and is told to the log", async () => {
    const answer = await api.ask("app", "{broken}", { headers: { "x-request-id": "request-0001" } });
    expectFault(answer, 500, "INTERNAL", "went wrong");
    expect(answer.headers.get("x-request-id")).toBe("request-0001");
    expect(api.logged.at(-1)).toMatchObject({ event: "graphql.bug", fields: { requestId: "request-0001" } });
  });

  test("a resolver that breaks its own type is a bug, too, not the caller's fault", async () => {
    expectFault(await api.ask("app", "{nothing}"), 500, "INTERNAL", "went wrong");
  });

  test("what could be answered is answered beside a refusal", async () => {
    const answer = await api.ask("graphql", "{ secret box { level } }");
    expect(answer.status).toBe(200);
    expect(answer.body.data.box).toEqual({ level: 0 });
    expect(answer.code).toBe("UNAUTHENTICATED");
  });
});

describe("a document that asks for too much", () => {
  let api: Served;
  beforeAll(async () => {
    api = await serveGraphql({ schemas: probeSchemas(), isProduction: true });
  });
  afterAll(() => api.stop());

  const nested = (field: string, times: number) => `{box{${`${field}{`.repeat(times)}level${"}".repeat(times)}}}`;
  const many = (times: number, field: (i: number) => string) =>
    Array.from({ length: times }, (_, i) => field(i)).join(" ");
  const documents: [title: string, query: string, code: string][] = [
    ["nesting", nested("box", 20), "QUERY_DEPTH"],
    ["nesting through fragments", `{box{...F}} fragment F on Box ${nested("box", 12)}`, "QUERY_DEPTH"],
    ["cost of nested lists", nested("boxes", 5), "QUERY_COMPLEXITY"],
    ["breadth", `{box{${many(100, () => "...on Box{box{level}}")}}}`, "QUERY_BREADTH"],
    ["aliases", `{${many(16, (i) => `a${i}:box{level}`)}}`, "TOO_MANY_ALIASES"],
    ["tokens", `{box{${many(1_000, () => "level")}}}`, "TOO_MANY_TOKENS"],
    ["mutations", "mutation{a:poke b:poke}", "ONE_MUTATION_ONLY"],
    ["mutations through a fragment", "mutation{poke ...F} fragment F on Mutation {b:poke}", "ONE_MUTATION_ONLY"],
    ["mutations in two operations", "mutation A{poke} mutation B{poke}", "ONE_MUTATION_ONLY"],
  ];
  for (const [title, query, code] of documents) {
    test(`too much ${title} is refused before anything runs`, async () => {
      const before = probe.mutated;
      const token = await api.member(title);
      const operationName = query.startsWith("mutation A") ? "A" : undefined;
      const headers = { ...json, authorization: `Bearer ${token}` };
      const answer = await api.post("app", JSON.stringify({ query, operationName }), headers);
      expectFault(answer, 400, code, /./);
      expect(probe.mutated).toBe(before);
    });
  }

  test("what is within the limits is answered", async () => {
    const token = await api.member("within");
    expect((await api.ask("app", nested("box", 6), { token })).status).toBe(200);
    expect((await api.ask("app", "mutation{poke}", { token })).body.data.poke).toBeNumber();
  });

  test("in production /app tells nothing of its schema, neither by introspection nor by hints", async () => {
    expectFault(await api.ask("app", "{__schema{types{name}}}"), 400, "GRAPHQL_VALIDATION_FAILED", "introspection");
    const hint = await api.ask("app", "{ bix }");
    expectFault(hint, 400, "GRAPHQL_VALIDATION_FAILED", '"bix"');
    expect(hint.text).not.toContain("Did you mean");
  });

  test("in production /graphql answers nobody without credentials", async () => {
    expectFault(await api.ask("graphql", "{__schema{types{name}}}"), 401, "UNAUTHENTICATED", "Bearer");
  });
});

describe("too many requests", () => {
  const once = { limit: 1, periodSeconds: 10 };
  const rate = (setting: string) => ({ ...once, setting });
  const rates = {
    app: { limit: 2, periodSeconds: 10, setting: "RATE_APP_ADDRESS" },
    member: rate("RATE_APP_MEMBER"),
    token: rate("RATE_GRAPHQL_TOKEN"),
    stranger: rate("RATE_GRAPHQL_ADDRESS"),
    signIn: rate("RATE_SIGN_IN"),
    link: rate("RATE_LINKS"),
  };
  const limitRequest = createRequestLimit(
    { redis: undefined, memory: createMemory(), clock: () => 0, timers: realWorld.timers },
    rates,
  );
  let api: Served;
  beforeAll(async () => {
    api = await serveGraphql({ schemas: probeSchemas(), limitRequest, addressOf: clientAddress(true, () => {}) });
  });
  afterAll(() => api.stop());
  const from = (address: string) => ({ "x-forwarded-for": address });

  test("of one member, or one token, are answered with 429, the time to wait and the setting's name", async () => {
    const member = { token: await api.member("eager"), headers: from("203.0.113.1") };
    const operator = { token: await api.token({ kind: "operator", name: "E", role: "viewer" }) };
    expect((await api.ask("app", "{box{level}}", member)).status).toBe(200);
    const again = await api.ask("app", "{box{level}}", member);
    expectFault(again, 429, "RATE_LIMITED", "at most 1 in 10 s (RATE_APP_MEMBER); try again in 10 s");
    expect(again.headers.get("retry-after")).toBe("10");
    expect((await api.ask("graphql", "{box{level}}", operator)).status).toBe(200);
    expectFault(await api.ask("graphql", "{box{level}}", operator), 429, "RATE_LIMITED", "RATE_GRAPHQL_TOKEN");
  });

  test("of one address, which of IPv6 is its /64, are refused whatever they bring", async () => {
    for (const [n, address] of ["2001:db8:1:2::1", "2001:0DB8:1:2:ffff::9", "2001:db8:1:2::3"].entries()) {
      const answer = await api.ask("app", "{box{level}}", { headers: from(address) });
      expect([n, answer.status]).toEqual([n, n < 2 ? 200 : 429]);
    }
    expect((await api.ask("app", "{box{level}}", { headers: from("2001:db8:1:3::1") })).status).toBe(200);
    for (const token of [undefined, `ff_op_${"x".repeat(43)}`, `ff_op_${"y".repeat(43)}`]) {
      const answer = await api.ask("graphql", "{box{level}}", {
        headers: from("203.0.113.2"),
        ...(token && { token }),
      });
      if (token) expectFault(answer, 429, "RATE_LIMITED", "RATE_GRAPHQL_ADDRESS");
    }
  });

  test("to sign in are refused by address, before the token is looked at", async () => {
    const post = () =>
      fetch(`${api.url}/graphql/sign-in`, { method: "POST", body: new URLSearchParams({ token: "x" }) });
    expect((await post()).status).toBe(401);
    const again = await post();
    expect([again.status, again.headers.get("retry-after")]).toEqual([429, "10"]);
    expect(await again.text()).toContain("RATE_SIGN_IN");
  });
});
