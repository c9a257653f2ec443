import { expect, test } from "bun:test";
import {
  type GraphQLEnumType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from "graphql";
import { domains } from "../../../src/domains.ts";
import { createBuilder } from "../../../src/schema/kit/builder.ts";
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
