import type { MaybePromise, ObjectRef } from "@pothos/core";
import { builder, type Types } from "./builder.ts";

/** One page, as the resolvers of its type expect it. What is merely there is read without a call. */
export interface Connection {
  readonly nodes: readonly object[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  /** Of one of its nodes: most ask for the nodes alone. */
  cursorOf(node: object): string;
  readonly totalCount: () => MaybePromise<number>;
}

interface Edge {
  readonly cursor: string;
  readonly node: object;
}

const made = new Map<string, ObjectRef<Types, Connection>>();

/** The connection type of a node type, made once, with its edge type; `counted` ones are told apart by name. */
export function connectionType(node: ObjectRef<Types, object>, counted: boolean): ObjectRef<Types, Connection> {
  const name = `${node.name}${counted ? "Counted" : ""}Connection`;
  const known = made.get(name);
  if (known) return known;
  const type = builder.objectRef<Connection>(name);
  made.set(name, type);
  implement(type, node, counted);
  return type;
}

const everyone = { public: true };
/** The field that answers the connection already carries the cost of its items. */
const free = { field: 0, multiplier: 1 };

function implement(type: ObjectRef<Types, Connection>, node: ObjectRef<Types, object>, counted: boolean): void {
  const edge = edgeType(node);
  builder.objectType(type, {
    description: `A page of ${node.name} items.`,
    authScopes: everyone,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: "The items, each with its cursor.",
        complexity: free,
        resolve: (page) => page.nodes.map((node) => ({ node, cursor: page.cursorOf(node) })),
      }),
      nodes: t.expose("nodes", { type: [node], description: "The items alone.", complexity: free }),
      pageInfo: t.expose("pageInfo", {
        type: builder.pageInfoRef(),
        description: "Whether there is more, and where to go on.",
        complexity: free,
      }),
    }),
  });
  if (!counted) return;
  builder.objectField(type, "totalCount", (t) =>
    t.int({
      description: "How many there are in all. Counting reads every one of them: ask for it once, not on every page.",
      complexity: 50,
      resolve: ({ totalCount }) => totalCount(),
    }),
  );
}

const edges = new Map<string, ObjectRef<Types, Edge>>();

function edgeType(node: ObjectRef<Types, object>): ObjectRef<Types, Edge> {
  const name = `${node.name}Edge`;
  const known = edges.get(name);
  if (known) return known;
  const type = builder.objectRef<Edge>(name).implement({
    description: `A ${node.name} and its place in a list.`,
    authScopes: everyone,
    fields: (t) => ({
      cursor: t.exposeString("cursor", { description: "To be passed as `after`." }),
      node: t.expose("node", { type: node, description: "The item." }),
    }),
  });
  edges.set(name, type);
  return type;
}
