import { expect, test } from "bun:test";
import {
  type GraphQLEnumType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  graphql,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from "graphql";
import type { Actor } from "../../../src/actor.ts";
import { domains } from "../../../src/domains.ts";
import { createBuilder } from "../../../src/schema/kit/builder.ts";
import { coveredTypes } from "../../../src/schema/kit/covered.ts";
import { declaredScopes, mayPass, type Scopes } from "../../../src/schema/kit/scopes.ts";
import { printedSchema } from "../../../src/schema/server/print.ts";
import { buildSchemas, facesOf } from "../../../src/schema/server/schemas.ts";

test("a root field without a scope fails the build and is named", () => {
  const builder = createBuilder();
  builder.queryField("secrets", (t) => t.string({ description: "Oops.", resolve: () => "leak" }));
  expect(() => facesOf(builder)).toThrow("Query.secrets has no scope");
});

test("a field of an object type without a scope of its own or of its type fails the build", () => {
  const builder = createBuilder();
  const Leaky = builder.objectRef<{ a: string }>("Leaky").implement({
    description: "No scope.",
    fields: (t) => ({ a: t.exposeString("a", { description: "A." }) }),
  });
  builder.queryField("leaky", (t) =>
    t.field({ type: Leaky, description: "L.", authScopes: { role: "viewer" }, resolve: () => ({ a: "leak" }) }),
  );
  expect(() => facesOf(builder)).toThrow("Leaky.a has no scope");
});

test("a member's field that answers an operators' type fails the build", () => {
  const builder = createBuilder();
  const Ledger = builder.objectRef<{ a: string }>("Ledger").implement({
    description: "For operators.",
    authScopes: { role: "viewer" },
    fields: (t) => ({ a: t.exposeString("a", { description: "A.", authScopes: { member: true } }) }),
  });
  builder.queryField("ledger", (t) =>
    t.field({ type: Ledger, description: "L.", authScopes: { member: true }, resolve: () => ({ a: "leak" }) }),
  );
  expect(() => facesOf(builder)).toThrow("Ledger");
});

test("a field that only some readers of its type may read fails the build unless it is nullable", () => {
  const builder = createBuilder();
  const Pool = builder.objectRef<{ a: string }>("Pool").implement({
    description: "For viewers.",
    authScopes: { role: "viewer", service: "orders:write" },
    fields: (t) => ({
      same: t.exposeString("a", { description: "A.", authScopes: { role: "viewer", service: "orders:write" } }),
      secret: t.exposeString("a", { description: "A.", authScopes: { role: "viewer" } }),
    }),
  });
  builder.queryField("pool", (t) =>
    t.field({ type: Pool, description: "L.", authScopes: { role: "viewer" }, resolve: () => ({ a: "leak" }) }),
  );
  expect(() => facesOf(builder)).toThrow("Pool.secret is for some of those who read Pool: it must be nullable");
});

test("whoever may do something may read all that must be in the answer", () => {
  const { operators } = buildSchemas(domains);
  const denied = Object.values(operators.getMutationType()?.getFields() ?? {}).flatMap((field) =>
    actorsOf(declaredScopes(field.extensions.pothosOptions) ?? {}).flatMap((actor) => deniedTo(actor, field.type)),
  );
  expect([...new Set(denied)]).toEqual([]);
});

/** Someone for each of the ways to pass. */
function actorsOf({ role, service, member }: Scopes): Actor[] {
  return [
    ...(role ? [{ kind: "operator", id: 1, operator: 1, shop: "", name: "Kim", role } as const] : []),
    ...(service ? [{ kind: "service", id: 1, name: "shop", scopes: [service] } as const] : []),
    ...(member ? [{ kind: "member", seq: 1, id: "m" } as const] : []),
  ];
}

/** The fields that an answer of this type has for an actor who may not read them, where that is an error. */
function deniedTo(actor: Actor, type: GraphQLOutputType, seen = new Set<string>()): string[] {
  const named = getNamedType(type);
  if (seen.has(named.name)) return [];
  seen.add(named.name);
  if (isUnionType(named)) return named.getTypes().flatMap((of) => deniedTo(actor, of, seen));
  if (!isObjectType(named)) return [];
  const ofType = declaredScopes(named.extensions.pothosOptions);
  if (ofType && !mayPass(actor, ofType)) return [`${named.name} to ${actor.kind}`];
  return Object.values(named.getFields()).flatMap((field) => {
    const own = declaredScopes(field.extensions.pothosOptions);
    return own && !mayPass(actor, own) ? [] : deniedTo(actor, field.type, seen);
  });
}

test("a type's scopes are asked at each of its fields where a way leads to it that did not ask as much", async () => {
  const builder = createBuilder();
  const own = { authScopes: { member: true } } as const;
  const Purse = builder.objectRef<{ coins: number }>("Purse").implement({
    description: "A member's.",
    ...own,
    fields: (t) => ({ coins: t.exposeInt("coins", { description: "How many." }) }),
  });
  const Shelf = builder.objectRef<{ purse: { coins: number } }>("Shelf").implement({
    description: "Everyone's.",
    authScopes: { public: true },
    fields: (t) => ({ purse: t.expose("purse", { type: Purse, nullable: true, description: "What lies there." }) }),
  });
  const purse = { coins: 7 };
  builder.queryField("mine", (t) => t.field({ type: Purse, description: "M.", ...own, resolve: () => purse }));
  expect(coveredTypes(builder.toSchema())).toEqual(new Set(["Purse"]));
  builder.queryField("shelf", (t) =>
    t.field({ type: Shelf, description: "S.", authScopes: { public: true }, resolve: () => ({ purse }) }),
  );
  const { app, operators } = facesOf(builder);
  expect(coveredTypes(operators)).toEqual(new Set(["Shelf"]));
  const ask = (actor: Actor) =>
    graphql({
      schema: app,
      source: "{ shelf { purse { coins } } mine { coins } }",
      contextValue: { ctx: { actor }, limits: undefined },
    });
  expect((await ask({ kind: "member", seq: 1, id: "m" })).data).toEqual({ shelf: { purse }, mine: purse });
  const denied = await ask({ kind: "anonymous" });
  const refused = denied.errors?.map(({ path, extensions }) => `${path?.join(".")} ${extensions.code}`);
  expect([denied.data, refused]).toEqual([null, ["shelf.purse.coins UNAUTHENTICATED", "mine UNAUTHENTICATED"]]);
});

test("of the app's types only refusals of operators' roads have scopes that are asked at each field", () => {
  const { operators, app } = buildSchemas(domains);
  const covered = coveredTypes(operators);
  const asked = Object.values(app.getTypeMap()).filter(
    (type) => isObjectType(type) && !type.name.startsWith("__") && !covered.has(type.name),
  );
  const roots = ["Mutation", "Query", "Subscription"];
  expect(asked.map(({ name }) => name).sort()).toEqual(
    ["CouponUnusable", ...roots, "NeedsApproval", "TooCostly"].sort(),
  );
});

test("the app's face has what members and everyone may use, and nothing else", () => {
  const { operators, app } = buildSchemas(domains);
  const roots = (schema: GraphQLSchema) => Object.keys(schema.getQueryType()?.getFields() ?? {});
  expect(roots(operators)).toContain("tokens");
  expect(roots(app)).toContain("viewer");
  expect(roots(app)).not.toContain("tokens");
  expect(app.getType("AccessToken")).toBeUndefined();
});

test("every type, field, argument and enum value says what it is", () => {
  expect(undescribed(buildSchemas(domains).operators)).toEqual([]);
});

test("the printed schema is the same whenever it is printed", () => {
  expect(printedSchema(domains)).toBe(printedSchema(domains));
});

function undescribed(schema: GraphQLSchema): string[] {
  const silent: string[] = [];
  const note = (name: string, { description }: { description?: string | null | undefined }) => {
    if (!description?.trim()) silent.push(name);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    note(type.name, type);
    if (isEnumType(type))
      for (const value of (type as GraphQLEnumType).getValues()) note(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) note(`${type.name}.${field.name}`, field);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      note(`${type.name}.${field.name}`, field);
      for (const arg of field.args) note(`${type.name}.${field.name}(${arg.name})`, arg);
    }
  }
  return silent;
}
