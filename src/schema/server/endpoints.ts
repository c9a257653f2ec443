import { assertValidSchema, type GraphQLObjectType, GraphQLSchema, isObjectType } from "graphql";
import { declaredScopes, isForApp } from "../kit/scopes.ts";

/** The operators' schema: without root types that have no fields yet. */
export function operatorFace(full: GraphQLSchema): GraphQLSchema {
  return trimmed(full, () => true);
}

/** The app's schema from one whose fields were already left out: without the types that nothing leads to any more. */
export function appFace(full: GraphQLSchema): GraphQLSchema {
  const face = trimmed(full, mayRead);
  for (const type of Object.values(face.getTypeMap())) {
    if (isObjectType(type) && !mayRead(type)) {
      throw new Error(`${type.name} is for operators, but a field of the app's schema answers it`);
    }
  }
  return face;
}

function mayRead(type: GraphQLObjectType): boolean {
  const scopes = declaredScopes(type.extensions.pothosOptions);
  return scopes === undefined || isForApp(scopes);
}

function trimmed(full: GraphQLSchema, keep: (type: GraphQLObjectType) => boolean): GraphQLSchema {
  // Types with interfaces are named because a query may reach them through the interface alone.
  const types = Object.values(full.getTypeMap()).filter(isObjectType);
  const schema = new GraphQLSchema({
    query: orNone(full.getQueryType()),
    mutation: orNone(full.getMutationType()),
    subscription: orNone(full.getSubscriptionType()),
    types: types.filter((type) => type.getInterfaces().length > 0 && keep(type)),
  });
  assertValidSchema(schema);
  return schema;
}

function orNone(type: GraphQLObjectType | null | undefined): GraphQLObjectType | null {
  return type && Object.keys(type.getFields()).length > 0 ? type : null;
}
