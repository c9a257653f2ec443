import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ExecutionResult, getNamedType, isLeafType } from "graphql";
import { type Actor, roles } from "../../../src/actor.ts";
import type { Context } from "../../../src/context.ts";
import { domains, files } from "../../../src/domains.ts";
import { knownScopes } from "../../../src/operations/token.ts";
import { askAs, operatorSchema } from "../../support/ask-schema.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { argumentsOf, nodeTypes, type RootField, rootFields, type ValueOf } from "../../support/schema-walk.ts";
import { tempDir } from "../../support/temp.ts";
import { classified, isLetIn, lineOf } from "../../support/who-may.ts";

let ctx: Context;

beforeAll(async () => {
  const ledger = await openLedger();
  await ledger.members(1);
  ctx = ledger.ctx;
});
afterAll(closeLedgers);

/** Everyone who can ask: nobody, a member, a service of each scope, and each role for all shops and of one. */
const callers: readonly Actor[] = [
  { kind: "anonymous" },
  { kind: "member", seq: 1, id: "m_1" },
  ...knownScopes(domains).map((scope, id) => ({ kind: "service", id, name: scope, scopes: [scope] }) as const),
  ...["", "A"].flatMap((shop) =>
    roles.map((role, id) => ({ kind: "operator", id, operator: id, name: `${role} ${shop}`, role, shop }) as const),
  ),
];

const nameOf = (actor: Actor) =>
  actor.kind === "operator" ? `${actor.role} of ${actor.shop || "all"}` : "name" in actor ? actor.name : actor.kind;

test("everything that can be asked for says who may, and what is said exists", () => {
  const there = [
    ...rootFields(operatorSchema).map(({ root, name }) => `${root}.${name}`),
    ...nodeTypes(operatorSchema).map(({ name }) => `node:${name}`),
    ...Object.keys(fileRequests),
  ];
  expect(classified.toSorted()).toEqual(there.sort());
  const addresses = Object.keys(fileRequests).map((name) => name.split(":")[1] ?? "");
  expect([...new Set(addresses)].sort()).toEqual(Object.keys(files).sort());
});

test.each(callers.map((actor) => [nameOf(actor), actor] as const))(
  "%s may ask for this and no more",
  async (_, actor) => {
    const asked = rootFields(operatorSchema).map(async (each) => [
      `${each.root}.${each.name}`,
      await isAnswered(each, actor),
    ]);
    const sent = Object.keys(fileRequests).map(async (name) => [name, await isTaken(name, actor)]);
    const answered = Object.fromEntries(await Promise.all([...asked, ...sent]));
    const expected = Object.keys(answered).map((name) => [name, isLetIn(lineOf(name), actor)]);
    expect(answered).toEqual(Object.fromEntries(expected));
  },
);

const never: ValueOf = (name, type) =>
  type === undefined && name !== "id" ? undefined : btoa(`${type ?? "Campaign"}:999999`);

/** Whether somebody is let in by a field, which is asked for something that there never was. */
async function isAnswered({ root, name, field }: RootField, actor: Actor): Promise<boolean> {
  const operation = root.toLowerCase();
  const selected = isLeafType(getNamedType(field.type)) ? "" : "{ __typename }";
  const answer = await askAs(ctx, actor, `${operation} { ${name}${argumentsOf(field, never)} ${selected} }`);
  return !isDenied(answer, name);
}

/** A request for each thing that is done with files, by its method and the first part of its address. */
const fileRequests: Readonly<Record<string, string>> = {
  "POST:imports": "/imports",
  "POST:hot-goods": "/hot-goods",
  "POST:code-pools": `/code-pools?template=${btoa("CouponTemplate:999999")}`,
  "POST:distributions": `/distributions?template=${btoa("CouponTemplate:999999")}`,
  "GET:distributions": `/distributions/${btoa("Distribution:999999")}/report.csv`,
  "GET:audit": "/audit/entries.csv",
  "GET:code-pools": `/code-pools/${btoa("CodePool:999999")}/codes.csv`,
};

async function isTaken(name: string, actor: Actor): Promise<boolean> {
  const [method = "", address = ""] = name.split(":");
  const body = method === "POST" ? { body: "externalId\n", headers: { "content-type": "text/csv" } } : {};
  const request = new Request(`http://127.0.0.1${fileRequests[name]}`, { method, ...body });
  const handler = files[address]?.({
    signIn: async () => ({ actor }),
    contextFor: () => ({ ...ctx, actor }),
    id: ctx.id,
    dir: tempDir(),
    limitRequest: async () => undefined,
    addressOf: () => "a",
    leaving: new AbortController().signal,
    timers: ctx.timers,
  });
  const answer = await handler?.(request, { timeout: () => {}, requestIP: () => null } as never);
  return answer !== undefined && answer.status !== 401 && answer.status !== 403;
}

function isDenied({ data, errors = [] }: ExecutionResult, name: string): boolean {
  const codes = errors.map(({ extensions }) => extensions.code);
  const refused = data?.[name] as { __typename?: string } | null | undefined;
  return codes.includes("FORBIDDEN") || codes.includes("UNAUTHENTICATED") || refused?.__typename === "Forbidden";
}
