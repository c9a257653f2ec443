import type { ArgBuilder, InputFieldMap, InputShapeFromFields, MaybePromise, ObjectRef } from "@pothos/core";
import { GraphQLError } from "graphql";
import type { Context } from "../../context.ts";
import { builder, type Types } from "./builder.ts";
import { type Connection, connectionType } from "./connection-type.ts";
import type { GraphqlContext } from "./graphql-context.ts";
import type { Scopes } from "./scopes.ts";

/** How many items a page has unless told, and at most. */
export const pageSizes = { usual: 20, most: 200 } as const;

/** What a list verb gets besides its own arguments. */
export interface PageRequest {
  /** Key of the last item of the page before; absent for the first page. */
  readonly after: number | undefined;
  /** How many rows to answer at most: one more than the page holds, which tells whether another page follows. */
  readonly limit: number;
}

/** How a connection is declared. */
export interface ConnectionOptions<Row, Args extends InputFieldMap, Parent> {
  readonly description: string;
  readonly scopes: Scopes;
  /** Whether not everyone who reads the parent may read it: then it is nullable, see `field-policy.ts`. */
  readonly isForSome?: true;
  /** Arguments besides `first` and `after`. */
  readonly args?: (arg: ArgBuilder<Types>) => Args;
  /** What it costs besides its items; see `query-limits.ts`. */
  cost?(args: InputShapeFromFields<Args>): number;
  /** The whole number that the list is ordered by; unique in the list, so that the order is stable. */
  cursor(row: Row): number;
  /** Answers at most `limit` rows that follow `after`, in order; or fewer, and where to go on searching. */
  list(
    ctx: Context,
    page: PageRequest & InputShapeFromFields<Args>,
    parent: Parent,
  ): MaybePromise<readonly Row[] | { readonly rows: readonly Row[]; readonly goOn: number | undefined }>;
  /** Counts all of them, when asked for `totalCount`; leave it out where nobody should. */
  count?(ctx: Context, args: InputShapeFromFields<Args>, parent: Parent): MaybePromise<number>;
}

/** Declares a paged list on `Query` or on an object type; forward only, `first` ≤ 200. */
export function connectionField<Row extends object, Args extends InputFieldMap, Parent>(
  parent: "Query" | ObjectRef<Types, Parent>,
  name: string,
  type: ObjectRef<Types, Row>,
  options: ConnectionOptions<Row, Args, Parent>,
): void {
  declare(parent, name, type, options);
}

type AnyOptions = ConnectionOptions<object, InputFieldMap, unknown>;

function declare(
  parent: "Query" | ObjectRef<Types, unknown>,
  name: string,
  type: ObjectRef<Types, object>,
  options: AnyOptions,
): void {
  const declaration = {
    type: connectionType(type, options.count !== undefined),
    description: options.description,
    authScopes: { ...options.scopes },
    nullable: options.isForSome ?? false,
    complexity: ({ first, ...args }: PageArgs) => ({
      field: 1 + (options.cost?.(args) ?? 0),
      multiplier: Math.min(first ?? pageSizes.usual, pageSizes.most),
    }),
    resolve: (of: unknown, args: PageArgs, { ctx }: GraphqlContext) => pageOf(ctx, options, args, of),
  };
  const args = (arg: ArgBuilder<Types>) => ({ ...options.args?.(arg), ...pageArgs(arg) });
  if (parent === "Query") builder.queryField(name, (t) => t.field({ ...declaration, args: args(t.arg) }));
  else builder.objectField(parent, name, (t) => t.field({ ...declaration, args: args(t.arg) }));
}

interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

function pageArgs(arg: ArgBuilder<Types>) {
  const { usual, most } = pageSizes;
  return {
    first: arg.int({ description: `How many at most, 1–${most}; ${usual} unless given.` }),
    after: arg.string({ description: "Go on after this cursor, as `pageInfo.endCursor` of the page before gave it." }),
  };
}

async function pageOf(ctx: Context, options: AnyOptions, args: PageArgs, parent: unknown): Promise<Connection> {
  const { first, after, ...others } = args;
  const size = checkedSize(first ?? pageSizes.usual);
  const from = after === null || after === undefined ? undefined : decodeCursor(after);
  const found = await options.list(ctx, { ...others, after: from, limit: size + 1 }, parent);
  const { rows, goOn } = "rows" in found ? found : { rows: found, goOn: undefined };
  const isWhole = rows.length <= size;
  const nodes = isWhole ? rows : rows.slice(0, size);
  const cursorOf = (node: object) => encodeCursor(options.cursor(node));
  const [head, last] = [nodes[0], nodes.at(-1)];
  return {
    nodes,
    cursorOf,
    pageInfo: {
      hasNextPage: !isWhole || goOn !== undefined,
      hasPreviousPage: from !== undefined,
      startCursor: head ? cursorOf(head) : null,
      endCursor: isWhole && goOn !== undefined ? encodeCursor(goOn) : last ? cursorOf(last) : null,
    },
    totalCount: async () => (await options.count?.(ctx, others, parent)) ?? 0,
  };
}

/** The size asked for, when it is one that a page may have. */
export function checkedSize(first: number): number {
  if (first >= 1 && first <= pageSizes.most) return first;
  throw faulty("first", `must be between 1 and ${pageSizes.most}, not ${first}`);
}

/** Base64url: letters, digits and the sign make neither + nor /. */
function encodeCursor(key: number): string {
  return btoa(`after ${key}`).replace(/=+$/, "");
}

function decodeCursor(cursor: string): number {
  const key = /^after (-?\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString())?.[1];
  if (key === undefined) throw faulty("after", "is not a cursor of this list; pass pageInfo.endCursor on unchanged");
  return Number(key);
}

function faulty(path: string, message: string): GraphQLError {
  return new GraphQLError(`${path} ${message}`, { extensions: { code: "INVALID_INPUT", issues: [{ path, message }] } });
}
