import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from "graphql";

/** A field of one of the schema's roots. */
export interface RootField {
  readonly root: "Query" | "Mutation" | "Subscription";
  readonly name: string;
  readonly field: GraphQLField<unknown, unknown>;
}

/** All that can be asked for, done or watched. */
export function rootFields(schema: GraphQLSchema): RootField[] {
  const roots = { Query: schema.getQueryType(), Mutation: schema.getMutationType() };
  const all = { ...roots, Subscription: schema.getSubscriptionType() };
  return Object.entries(all).flatMap(([root, type]) =>
    Object.values(type?.getFields() ?? {}).map((field) => ({
      root: root as RootField["root"],
      name: field.name,
      field,
    })),
  );
}

/** The types that `node` answers. */
export function nodeTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  const node = schema.getType("Node");
  if (!isInterfaceType(node)) throw new Error("the schema has no Node");
  return [...schema.getPossibleTypes(node)];
}

/** Says which value an id, or anything else that a name stands for, has; undefined: the first that fits the type. */
export type ValueOf = (name: string, idOfType: string | undefined) => unknown;

/** The arguments that a field cannot be asked without, as `(id: "…")`, and those that `values` has a value for. */
export function argumentsOf({ args }: Pick<GraphQLField<unknown, unknown>, "args">, values: ValueOf): string {
  const given = args.flatMap((arg) => written(arg, values, isRequiredArgument(arg)));
  return given.length === 0 ? "" : `(${given.join(", ")})`;
}

function written(slot: GraphQLArgument | GraphQLInputField, values: ValueOf, isRequired: boolean): string[] {
  const value = values(slot.name, idTypeOf(slot));
  if (value === undefined && !isRequired) return [];
  return [`${slot.name}: ${value === undefined ? fitting(slot.type, values, slot.name) : inGraphql(value, slot.type)}`];
}

/** The type whose ids an argument takes. */
function idTypeOf({ extensions }: GraphQLArgument | GraphQLInputField): string | undefined {
  const [first] = (extensions.relayGlobalIDFor as { typename: string }[] | undefined) ?? [];
  return first?.typename;
}

/** A value of a type, as short as it can be. */
function fitting(type: GraphQLInputType, values: ValueOf, name: string): string {
  if (isNonNullType(type)) return fitting(type.ofType, values, name);
  if (isListType(type)) return `[${fitting(type.ofType, values, name)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? "";
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const first = fields.find((field) => getNamedType(field.type) !== type); // an end to what holds itself
    if (type.isOneOf && first) return `{ ${first.name}: ${fitting(first.type, values, first.name)} }`;
    return `{ ${fields.flatMap((field) => written(field, values, isRequiredInputField(field))).join(", ")} }`;
  }
  return samples[type.name] ?? '"x"';
}

const samples: Readonly<Record<string, string>> = {
  Int: "1",
  Float: "1",
  Boolean: "true",
  DateTime: '"2030-01-01T00:00:00Z"',
  BigInt: '"1"',
  JSON: "{}",
};

/** A JSON value as GraphQL writes it; enums go without quotes. */
export function inGraphql(value: unknown, type?: GraphQLInputType): string {
  if (Array.isArray(value)) {
    const item = type && isNonNullType(type) ? type.ofType : type;
    return `[${value.map((each) => inGraphql(each, item && isListType(item) ? item.ofType : undefined)).join(", ")}]`;
  }
  if (typeof value === "string" && type && isEnumType(getNamedType(type))) return value;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const named = type && getNamedType(type);
  const fields = named && isInputObjectType(named) ? named.getFields() : {};
  const parts = Object.entries(value).flatMap(([key, each]) =>
    each === undefined ? [] : [`${key}: ${inGraphql(each, fields[key]?.type)}`],
  );
  return `{ ${parts.join(", ")} }`;
}

/**
 * Everything that can be read of an answer, down to so many objects in each other; no type stands inside itself. Fields
 * are called by their type, so that those of a union never meet.
 */
export function everything(schema: GraphQLSchema, output: GraphQLOutputType, depth: number, values: ValueOf): string {
  return selection(schema, output, depth, values, []);
}

function selection(
  schema: GraphQLSchema,
  output: GraphQLOutputType,
  depth: number,
  values: ValueOf,
  above: readonly string[],
): string {
  const type = getNamedType(output);
  if (isLeafType(type)) return "";
  const kinds = isUnionType(type) || isInterfaceType(type) ? schema.getPossibleTypes(type) : [type];
  const parts = kinds
    .filter(isObjectType)
    .map((kind) => `... on ${kind.name} { ${fieldsOf(schema, kind, depth, values, above)} }`);
  return `{ __typename ${parts.join(" ")} }`;
}

function fieldsOf(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  depth: number,
  values: ValueOf,
  above: readonly string[],
): string {
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const of = getNamedType(field.type);
    const isDeep = !isLeafType(of);
    if (isDeep && (depth === 0 || above.includes(of.name) || of.name === type.name)) return [];
    // A page is no object of its own, and says the same twice.
    if (field.name === "edges" || of.name === "PageInfo") return [];
    const below = isDeep
      ? selection(schema, field.type, field.name === "nodes" ? depth : depth - 1, values, [...above, type.name])
      : "";
    return [`${type.name}_${field.name}: ${field.name}${argumentsOf(field, values)} ${below}`];
  });
  return ["__typename", ...fields].join(" ");
}
