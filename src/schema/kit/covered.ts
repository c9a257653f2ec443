import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
} from "graphql";
import { covers, declaredScopes, isForApp, type Scopes, scopesOfField } from "./scopes.ts";

/**
 * The types of the app's face whose own scopes need not be asked again at each of their fields: whatever leads to one
 * begins at a field of a root, and whoever passed that passes the type's, too. `node` is the one field that leads to
 * types of other scopes; it asks those of the type before it loads anything. Told from the full schema.
 */
export function coveredTypes(full: GraphQLSchema): ReadonlySet<string> {
  const ways = new Map<GraphQLObjectType, Scopes[]>();
  const roots = [full.getQueryType(), full.getMutationType(), full.getSubscriptionType()];
  for (const root of roots.filter((each) => each !== undefined && each !== null)) {
    for (const field of openFields(root)) {
      const asked = scopesOfField(field, root);
      const asksAgain = root === full.getQueryType() && field.name === "node";
      for (const type of typesOf(full, field.type)) follow(full, ways, type, asksAgain ? scopesOf(type) : asked);
    }
  }
  return new Set(
    [...ways].flatMap(([type, passed]) => (passed.every((by) => covers(scopesOf(type), by)) ? type.name : [])),
  );
}

/** Notes that whoever has passed these scopes gets such objects, and what hangs on them. */
function follow(full: GraphQLSchema, ways: Map<GraphQLObjectType, Scopes[]>, type: GraphQLObjectType, passed: Scopes) {
  const before = ways.get(type) ?? [];
  if (before.some((known) => Bun.deepEquals(known, passed))) return;
  ways.set(type, [...before, passed]);
  for (const field of openFields(type)) {
    for (const next of typesOf(full, field.type)) follow(full, ways, next, passed);
  }
}

/** The fields of a type that are on the app's face. */
function openFields(type: GraphQLObjectType): GraphQLField<unknown, unknown>[] {
  const isOpen = (scopes: Scopes | undefined) => scopes === undefined || isForApp(scopes);
  const fields = isOpen(declaredScopes(type.extensions.pothosOptions)) ? Object.values(type.getFields()) : [];
  return fields.filter(({ extensions }) => isOpen(declaredScopes(extensions.pothosOptions)));
}

function typesOf(full: GraphQLSchema, type: GraphQLOutputType): readonly GraphQLObjectType[] {
  const named = getNamedType(type);
  if (isAbstractType(named)) return full.getPossibleTypes(named);
  return isObjectType(named) ? [named] : [];
}

function scopesOf(type: GraphQLObjectType): Scopes {
  return declaredScopes(type.extensions.pothosOptions) ?? { public: true };
}
