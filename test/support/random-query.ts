import fc from "fast-check";
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  parse,
  validate,
} from "graphql";
import { argumentsOf } from "./schema-walk.ts";

/** Queries of any fields, which stand beside themselves, within each other and under conditions `$a` and `$b`. */
export function randomQuery(schema: GraphQLSchema): fc.Arbitrary<string> {
  const root = schema.getQueryType();
  if (!root) throw new Error("the schema has no queries");
  return selectionOf(schema, root, 4)
    .map((selection) => {
      const used = ["a", "b"].filter((name) => selection.includes(`$${name})`)).map((name) => `$${name}: Boolean!`);
      return `query Random${used.length > 0 ? `(${used.join(", ")})` : ""} ${selection}`;
    })
    .filter((text) => validate(schema, parse(text)).length === 0);
}

const condition = fc.oneof(
  { weight: 8, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom("@skip(if: $a)", "@include(if: $b)", "@include(if: true)", "@skip(if: $b)") },
);

function selectionOf(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): fc.Arbitrary<string> {
  if (isAbstractType(type)) {
    const kinds = schema.getPossibleTypes(type).map((kind) => fragmentOf(kind, selectionOf(schema, kind, depth)));
    return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 4 }).map((all) => `{ __typename ${all.join(" ")} }`);
  }
  if (!isObjectType(type)) return fc.constant("");
  const fields = Object.values(type.getFields()).map((field) => fieldOf(schema, field, depth));
  const one = fc.oneof({ weight: 1, arbitrary: fc.constant("__typename") }, ...fields);
  const part = fc.oneof(
    { weight: 5, arbitrary: one },
    {
      weight: 1,
      arbitrary: fragmentOf(
        type,
        one.map((field) => `{ ${field} }`),
      ),
    },
    { weight: 1, arbitrary: fc.tuple(one, one).map(([first, second]) => `${first} ${second} ${first}`) },
  );
  return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => `{ ${parts.join(" ")} }`);
}

function fragmentOf(type: GraphQLObjectType, selection: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(condition, selection).map(([when, selected]) => `... on ${type.name} ${when} ${selected}`);
}

function fieldOf(schema: GraphQLSchema, field: GraphQLField<unknown, unknown>, depth: number): fc.Arbitrary<string> {
  const of = getNamedType(field.type);
  if (!isLeafType(of) && depth === 0) return fc.constant("__typename");
  const called = `${field.name}${argumentsOf(field, () => undefined)}`;
  const below = isLeafType(of) ? fc.constant("") : fc.constant(0).chain(() => selectionOf(schema, of, depth - 1));
  return fc.tuple(condition, below).map(([when, selected]) => `${called} ${when} ${selected}`);
}
