import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ExecutionResult, execute, parse, subscribe } from "graphql";
import { type Actor, type Role, roles } from "../../../src/actor.ts";
import type { Context } from "../../../src/context.ts";
import { domains, files } from "../../../src/domains.ts";
import { knownScopes } from "../../../src/operations/token.ts";
import { buildSchemas } from "../../../src/schema/server/schemas.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { argumentsOf, nodeTypes, type RootField, rootFields, type ValueOf } from "../../support/schema-walk.ts";
import { tempDir } from "../../support/temp.ts";
import { whoMay } from "../../support/who-may.ts";

const schema = buildSchemas(domains).operators;
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

/** Whether a line of {@link whoMay} lets somebody in. */
function isLetIn(line: string, actor: Actor): boolean {
  return line.split(", ").some((who) => {
    const [, role, all] = /^(viewer|editor|approver|admin)s( for all shops)?$/.exec(who) ?? [];
    if (role) {
      const isRole = actor.kind === "operator" && roles.indexOf(actor.role) >= roles.indexOf(role as Role);
      return isRole && (!all || actor.shop === "");
    }
    if (who === "everyone") return true;
    return who === "members"
      ? actor.kind === "member"
      : actor.kind === "service" && actor.scopes.some((s) => s === who);
  });
}

const lines = new Map<string, string>();
for (const [line, names] of Object.entries(whoMay)) {
  for (const name of names.trim().split(/\s+/)) {
    if (lines.has(name)) throw new Error(`${name} is let in by two lines`);
    lines.set(name, line);
  }
}

test("everything that can be asked for says who may, and what is said exists", () => {
  const there = [
    ...rootFields(schema).map(({ root, name }) => `${root}.${name}`),
    ...nodeTypes(schema).map(({ name }) => `node:${name}`),
    ...Object.keys(fileRequests),
  ];
  expect([...lines.keys()].sort()).toEqual(there.sort());
  const addresses = Object.keys(fileRequests).map((name) => name.split(":")[1] ?? "");
  expect([...new Set(addresses)].sort()).toEqual(Object.keys(files).sort());
});

test.each(callers.map((actor) => [nameOf(actor), actor] as const))(
  "%s may ask for this and no more",
  async (_, actor) => {
    const asked = rootFields(schema).map(async (each) => [`${each.root}.${each.name}`, await isAnswered(each, actor)]);
    const sent = Object.keys(fileRequests).map(async (name) => [name, await isTaken(name, actor)]);
    const answered = Object.fromEntries(await Promise.all([...asked, ...sent]));
    const expected = Object.keys(answered).map((name) => [name, isLetIn(lines.get(name) ?? "", actor)]);
    expect(answered).toEqual(Object.fromEntries(expected));
  },
);

const never: ValueOf = (name, type) =>
  type === undefined && name !== "id" ? undefined : btoa(`${type ?? "Campaign"}:999999`);

/** Whether somebody is let in by a field, which is asked for something that there never was. */
async function isAnswered({ root, name, field }: RootField, actor: Actor): Promise<boolean> {
  const operation = root.toLowerCase();
  const selected = name === "__typename" || !/^\[?(Int|Float|String|Boolean|ID)/.test(String(field.type));
  const document = parse(`${operation} { ${name}${argumentsOf(field, never)} ${selected ? "{ __typename }" : ""} }`);
  const limits = { depth: 99, breadth: 9_999, complexity: 1_000_000, aliases: 999, tokens: 99_999 };
  const contextValue = { ctx: { ...ctx, actor }, requestId: "r", address: "a", limits };
  const answer = await (root === "Subscription" ? subscribe : execute)({ schema, document, contextValue });
  if (Symbol.asyncIterator in answer) {
    await answer.return?.();
    return true;
  }
  return !isDenied(answer, name);
}

/** A request for each thing that is done with files, by its method and the first part of its address. */
const fileRequests: Readonly<Record<string, string>> = {
  "POST:imports": "/imports",
  "POST:code-pools": `/code-pools?template=${btoa("CouponTemplate:999999")}`,
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
