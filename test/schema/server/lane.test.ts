import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { type GraphQLSchema, type OperationDefinitionNode, parse } from "graphql";
import type { Actor } from "../../../src/actor.ts";
import { domains } from "../../../src/domains.ts";
import { appLimits, operatorLimits } from "../../../src/schema/kit/query-limits.ts";
import { createFace, type FaceContext } from "../../../src/schema/server/executor.ts";
import { createLane, type Road } from "../../../src/schema/server/lane.ts";
import { reckonedOnce } from "../../../src/schema/server/reckoned.ts";
import { buildSchemas } from "../../../src/schema/server/schemas.ts";
import { trustedDocuments } from "../../../src/schema/server/trusted-documents.ts";
import { createStreams } from "../../../src/web/streams.ts";
import { realWorld } from "../../../src/world.ts";
import { queriesOf } from "../../support/corpus.ts";
import { variablesFor } from "../../support/fuzzed-variables.ts";
import { counted, isLong } from "../../support/length.ts";
import { randomQuery } from "../../support/random-query.ts";
import { everything, rootFields } from "../../support/schema-walk.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { furnish, operatorOf } from "../../support/shop-things.ts";

let shop: Shop;
let ids: string[];
const now = Date.now();

beforeAll(async () => {
  shop = await openShop();
  await shop.members(4);
  const things = await furnish(shop, "A");
  ids = Object.entries(things).map(([type, row]) => btoa(`${type}:${row}`));
});
afterAll(closeShops);

const { operators, app } = buildSchemas(domains);
const member = (n: number): Actor => ({ kind: "member", seq: n, id: `m${n}`, language: "en", timeZone: null });
const anonymous: Actor = { kind: "anonymous" };
const service: Actor = { kind: "service", id: 1, name: "till", scopes: ["orders:write"] };

/** A face with the lane before it, and the same without. */
function roadsOf(path: string, schema: GraphQLSchema, limits: typeof appLimits) {
  const face = createFace(path, schema, { limits, introspection: true, oneMutation: path === "/app" });
  const documents = trustedDocuments();
  const roads: Record<Road | "moved", number> = { lane: 0, face: 0, moved: 0 };
  const count = (_: string, road: Road) => void roads[road]++;
  const lane = createLane({ face, documents, only: false, isOpen: true, count });
  const request = (body: unknown, accept: string) =>
    new Request(`http://shop.test${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept },
      body: JSON.stringify(body),
    });
  return {
    schema,
    roads,
    async answers({ text, variables, actor, accept = "application/json", operationName }: Asked) {
      const { id } = documents.add(text);
      const more = { variables, ...(operationName !== undefined && { operationName }) };
      const onFace = async () =>
        told(await face.fetch(request({ query: text, ...more }, accept), contextOf(actor, limits)));
      const before = await onFace();
      const byLane = await told(await lane(request({ documentId: id, ...more }, accept), contextOf(actor, limits)));
      const after = await onFace();
      if (before === after) return { lane: byLane, face: before };
      roads.moved++; // in between, which says nothing of the roads
      return { lane: byLane, face: byLane };
    },
  };
}

interface Asked {
  readonly text: string;
  readonly actor: Actor;
  readonly variables?: unknown;
  readonly accept?: string;
  readonly operationName?: unknown;
}

async function told(response: Response): Promise<string> {
  const { status, headers } = response;
  return `${status} ${headers.get("content-type")} ${await response.text()}`;
}

function contextOf(actor: Actor, limits: typeof appLimits): FaceContext {
  return {
    ctx: { ...shop.ctx, actor, clock: () => now },
    requestId: "r",
    address: "a",
    limits,
    hints: true,
    report: () => {},
    course: { hasDocument: false, isStream: false },
    streams: createStreams({ perCaller: 1, atMost: 1, timers: realWorld.timers }),
    seat: { caller: "c", check: async () => undefined },
  };
}

/** A query for everything that a field can answer, its arguments in variables. */
function wholeQueries(schema: GraphQLSchema): string[] {
  return rootFields(schema).flatMap(({ root, name, field }) => {
    if (root !== "Query") return [];
    const variables = field.args.map((arg) => `$${arg.name}: ${arg.type}`).join(", ");
    const given = field.args.map((arg) => `${arg.name}: $${arg.name}`).join(", ");
    const selected = everything(schema, field.type, 2, () => undefined);
    const pieces = `all: ${name}${given && `(${given})`} ${selected && `{ ...All @include(if: $all) __typename }`}`;
    const fragment = selected && `fragment All on ${String(field.type).replaceAll(/[![\]]/g, "")} ${selected}`;
    return [`query Whole(${variables}${variables && ", "}$all: Boolean = true) { ${pieces} __typename } ${fragment}`];
  });
}

const faces = [
  {
    path: "/graphql",
    schema: operators,
    limits: operatorLimits,
    actors: [operatorOf(""), operatorOf("A"), service, anonymous],
  },
  { path: "/app", schema: app, limits: appLimits, actors: [member(1), member(2), anonymous] },
];

for (const { path, schema, limits, actors } of faces) {
  const roads = roadsOf(path, schema, limits);
  const found = queriesOf(schema).map(({ text }) => text);
  const texts = [...found, ...(path === "/app" || isLong ? wholeQueries(schema) : [])];

  test(`every query of ${path} in tests, README and examples is answered alike on both roads`, async () => {
    expect(found.length).toBeGreaterThan(path === "/app" ? 9 : 60);
    for (const text of texts) {
      for (const actor of path === "/app" || isLong ? actors : actors.slice(0, 1)) {
        const { lane, face } = await roads.answers({ text, actor, variables: exampleOf(schema, text) });
        expect([text, lane]).toEqual([text, face]);
      }
    }
    expect(roads.roads.lane).toBeGreaterThan(texts.length * 0.9);
    expect(roads.roads.moved).toBeLessThan(texts.length * 0.1);
  });

  test(`whatever a query of ${path} asks for, both roads answer alike`, async () => {
    const asked = fc.record({
      text: randomQuery(schema),
      variables: fc.record({ a: fc.boolean(), b: fc.boolean() }),
      actor: fc.constantFrom(...actors),
    });
    const answers = async (each: Asked) => {
      const { lane, face } = await roads.answers(each);
      expect(lane).toBe(face);
    };
    await fc.assert(fc.asyncProperty(asked, answers), { numRuns: counted(40, 2_000) });
  });

  test(`whatever the variables of ${path} are, both roads answer alike`, async () => {
    const asked = fc.constantFrom(...texts.filter((text) => text.includes("$"))).chain((text) =>
      fc.record({
        text: fc.constant(text),
        variables: variablesFor(schema, operationOf(text), ids),
        actor: fc.constantFrom(...actors),
        accept: fc.constantFrom("application/json", "*/*", "application/graphql-response+json", "text/html"),
        operationName: fc.constantFrom<unknown>(undefined, undefined, undefined, null, "Whole", "Other", "", 7),
      }),
    );
    const answers = async (each: Asked) => {
      const { lane, face } = await roads.answers(each);
      expect(lane).toBe(face);
    };
    await fc.assert(fc.asyncProperty(asked, answers), { numRuns: counted(60, 3_000) });
  });
}

const meetings = [
  `query Skipped($is: Boolean!) { myInbox { nodes @skip(if: $is) { ...Title ...Title } nodes { readAt } } }
   fragment Title on InboxMessage { title }`,
  "query Spread($is: Boolean!) { ...Unread @include(if: $is) ...Unread } fragment Unread on Query { unreadCount }",
  "query Order($is: Boolean!) { myInbox { pageInfo { ... { endCursor @skip(if: $is) } hasNextPage endCursor } } }",
];
for (const text of meetings) {
  test(`where fields meet, each is left out by its own condition alone: ${text.split("(")[0]}`, async () => {
    const roads = roadsOf("/app", app, appLimits);
    for (const is of [true, false]) {
      const { lane, face } = await roads.answers({ text, actor: member(1), variables: { is } });
      expect(lane).toBe(face);
    }
    expect(roads.roads.lane).toBe(2);
  });
}

test("of several faults the same are told on both roads", async () => {
  const roads = roadsOf("/app", app, appLimits);
  for (const accept of ["application/json", "*/*"]) {
    const { lane, face } = await roads.answers({ text: "{ unreadCount me { id } }", actor: anonymous, accept });
    expect(lane).toBe(face);
  }
});

const costly = `nodes { id state code claimedAt validFrom validTo template {
  name description conditions kind shop currency validDays threshold { amount currency } } }`;
const costs = [
  [
    `query Long($first: Int!) { myCoupons(status: AVAILABLE, first: $first) { ${costly} } }`,
    [{ first: 1 }, { first: 200 }],
  ],
  [
    `query Left($is: Boolean!) { myCoupons(status: AVAILABLE, first: 200) @skip(if: $is) { ${costly} } }`,
    [{ is: true }, { is: false }],
  ],
] as const;
for (const [text, [cheap, dear]] of costs) {
  test(`of two requests the one that costs too much is refused: ${text.split("(")[0]}`, async () => {
    const roads = roadsOf("/app", app, appLimits);
    for (const variables of [cheap, cheap, dear]) {
      const { lane, face } = await roads.answers({ text, actor: member(1), variables });
      expect(lane).toBe(face);
      expect(lane.includes("QUERY_COMPLEXITY")).toBe(variables === dear);
    }
    expect(roads.roads.lane).toBe(3);
  });
}

test("what a document costs is reckoned once where that is the same for all, under the same limits", () => {
  const reckoned = reckonedOnce(
    app,
    parse("query Same($a: String) { myCoupons(status: USED, first: 9) { nodes { id } } }"),
  );
  const context = contextOf(member(1), appLimits);
  expect(reckoned.for(context).isReckoned).toBeUndefined();
  reckoned.good(context);
  expect(reckoned.for(context).isReckoned).toBe(true);
  expect(reckoned.for({ ...context, limits: { ...appLimits } }).isReckoned).toBeUndefined();
});

function operationOf(text: string): OperationDefinitionNode {
  return parse(text).definitions.find((node) => node.kind === "OperationDefinition") as OperationDefinitionNode;
}

/** Variables that fit, the same at each run. */
function exampleOf(schema: GraphQLSchema, text: string): unknown {
  return fc.sample(variablesFor(schema, operationOf(text), ids), { numRuns: 1, seed: 7 })[0];
}
