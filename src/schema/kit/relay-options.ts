import { PothosValidationError } from "@pothos/core";
import { decodeGlobalID } from "@pothos/plugin-relay";
import { type GraphQLNamedType, type GraphQLResolveInfo, isObjectType } from "graphql";
import type { Actor } from "../../actor.ts";
import { briefly } from "../../errors.ts";
import { globalId } from "../../ids.ts";
import type { GraphqlContext } from "./graphql-context.ts";
import { declaredScopes, mayPass, type Scopes } from "./scopes.ts";

const longestId = 1_000;

/** Descriptions and scopes of what the relay plugin adds by itself. */
export const relayOptions = {
  encodeGlobalID: globalId,
  decodeGlobalID: (id: string) => {
    // Reading a long one takes the process half a second.
    if (id.length > longestId) throw new PothosValidationError(`Invalid global ID: ${briefly(id)}`);
    return decodeGlobalID(id);
  },
  nodeTypeOptions: { description: "Anything that has an id of its own.", authScopes: { public: true } as Scopes },
  idFieldOptions: { description: "Unique over all types, opaque, stable." },
  pageInfoTypeOptions: { description: "Where a page ends and how to go on.", authScopes: { public: true } as Scopes },
  hasNextPageFieldOptions: { description: "Whether more follow after `endCursor`." },
  hasPreviousPageFieldOptions: { description: "Whether this page began after a cursor." },
  startCursorFieldOptions: { description: "Cursor of the first item; null when the page is empty." },
  endCursorFieldOptions: {
    description: "Cursor of the last item, to be passed as `after`; null when the page is empty.",
  },
  nodeQueryOptions: {
    description: "Anything by its id; null when there is no such thing, or not for you.",
    authScopes: { role: "viewer", member: true } as Scopes,
    args: { id: { description: "An id as `Node.id` gave it." } },
    resolve: (
      _root: unknown,
      { id }: { id: GlobalId },
      { ctx }: GraphqlContext,
      info: GraphQLResolveInfo,
      load: (id: GlobalId) => unknown,
    ) => (mayLoad(ctx.actor, info.schema.getType(id.typename)) ? load(id) : null),
  },
  nodesQueryOptions: false,
} as const;

interface GlobalId {
  typename: string;
  id: string;
}

/** Whether this face has such a node and the actor may see any; asked before it is loaded. */
export function mayLoad(actor: Actor, type: GraphQLNamedType | undefined): boolean {
  if (!isObjectType(type) || !type.getInterfaces().some(({ name }) => name === "Node")) return false;
  const scopes = declaredScopes(type.extensions.pothosOptions);
  return scopes === undefined || mayPass(actor, scopes);
}
