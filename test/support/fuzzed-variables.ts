import fc from "fast-check";
import {
  type GraphQLInputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
} from "graphql";

/** Variables for an operation: now and then what it asks for, now and then near it, or nothing like it. */
export function variablesFor(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  ids: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const each = variableDefinitions.map(({ variable, type }) => {
    const input = typeFromAST(schema, type) as GraphQLInputType;
    return [variable.name.value, valueFor(input, ids, 3)] as const;
  });
  const known = fc.record(Object.fromEntries(each), { requiredKeys: [] });
  return fc.oneof(
    { weight: 6, arbitrary: fc.record(Object.fromEntries(each)) },
    { weight: 1, arbitrary: known },
    { weight: 1, arbitrary: known.map((some) => ({ ...some, unknown: 1 })) },
  );
}

function valueFor(type: GraphQLInputType, ids: readonly string[], depth: number): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return rarely(fc.constant(null), valueFor(type.ofType, ids, depth));
  return rarely(fc.oneof(fc.constant(null), anything), fitting(type, ids, depth));
}

const anything = fc.oneof(
  ...[0, -1, 1.5, 2 ** 40, 1e300].map((number) => fc.constant(number)),
  fc.constantFrom("", "3", "NOPE", "\0", "\ud800", "2026-01-01", "é", "x".repeat(300)),
  fc.constantFrom<unknown>(true, [], [null], {}, { a: { b: [1] } }, [["x"]]),
);

function rarely(other: fc.Arbitrary<unknown>, usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: other });
}

function fitting(type: GraphQLInputType, ids: readonly string[], depth: number): fc.Arbitrary<unknown> {
  if (isListType(type)) return rarely(fc.constant([]), fc.array(valueFor(type.ofType, ids, depth), { maxLength: 2 }));
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map(({ name }) => name));
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => depth > 0 || isNonNullType(field.type));
    const values = fields.map((field) => [field.name, valueFor(field.type, ids, depth - 1)] as const);
    return fc.record(Object.fromEntries(values), { requiredKeys: fields.filter(isNeeded).map(({ name }) => name) });
  }
  return "name" in type ? (scalars(ids)[type.name] ?? anything) : anything;
}

const isNeeded = ({ type }: { readonly type: GraphQLInputType }) => isNonNullType(type);

function scalars(ids: readonly string[]): Readonly<Record<string, fc.Arbitrary<unknown>>> {
  return {
    ID: fc.constantFrom(...ids, "nope", "Q291cG9uOjk5OTk5OQ==", 7),
    Int: fc.constantFrom(0, 1, 2, 5, 20, 200, 201, -1),
    Float: fc.constantFrom(0, 1.5),
    Boolean: fc.boolean(),
    String: fc.constantFrom("x1", "A", "en", "zh-CN", "tea", ""),
    DateTime: fc.constantFrom("2026-01-01T00:00:00Z", "2030-01-01T00:00:00+02:00", "2026-02-30T00:00:00Z"),
    BigInt: fc.constantFrom("1", 1, "9007199254740993", "1.5"),
    JSON: fc.constantFrom<unknown>({ a: 1 }, [1], null, "x"),
  };
}
