import type { ExecutionResult, GraphQLSchema } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { GraphqlContext } from "../kit/graphql-context.ts";
import { type DocumentRules, documentRules } from "../kit/query-limits.ts";
import { type Shaping, shapeResult } from "./error-shape.ts";
import { plainValues } from "./input-sanity.ts";

/** Longest body of a request, in bytes. */
export const maxBodyBytes = 1_000_000;

/** What comes along with a request to the executor of a face. */
export interface FaceContext extends GraphqlContext, Shaping {}

/**
 * Makes the executor of one face: JSON over POST in, JSON or server-sent events out; no batches, no CORS, nothing
 * masked twice.
 */
export function createFace(path: string, schema: GraphQLSchema, rules: DocumentRules) {
  // Counting a body as it streams in costs more than all else that yoga does: only those whose length nobody vouches
  // for are.
  const plain = yogaOf(path, schema, rules, false);
  const counting = yogaOf(path, schema, rules, maxBodyBytes);
  return {
    fetch: (request: Request, context: FaceContext) => (isShort(request) ? plain : counting).fetch(request, context),
  };
}

/** Whether the request says how long it is – the server reads no more than that – and it is not too long. */
function isShort({ headers }: Request): boolean {
  const length = headers.get("content-length") ?? "";
  return /^\d{1,9}$/.test(length) && Number(length) <= maxBodyBytes && !headers.has("transfer-encoding");
}

function yogaOf(path: string, schema: GraphQLSchema, rules: DocumentRules, maxRequestBodySize: number | false) {
  return createYoga<FaceContext>({
    schema,
    graphqlEndpoint: path,
    maxRequestBodySize,
    batching: false,
    cors: false,
    multipart: false,
    graphiql: false,
    landingPage: false,
    logging: false,
    maskedErrors: false, // error-shape.ts does it, for every road that an error can take
    plugins: [documentRules(rules), plainValues, shapedErrors],
  });
}

const shapedErrors: Plugin<Record<string, never>, FaceContext> = {
  onResultProcess({ result, setResult, resultProcessor, serverContext }) {
    const shape = (one: ExecutionResult) => shapeResult(one, serverContext);
    if (Symbol.asyncIterator in result) {
      // The client takes no events, and will be told so: end what was begun for it.
      if (!resultProcessor) void result[Symbol.asyncIterator]().return?.();
      setResult(mapped(result, shape));
    } else if (!Array.isArray(result)) setResult(shape(result));
  },
};

/** Maps a stream by hand: an async generator would only stop at the next event, not when the client leaves. */
function mapped<T>(stream: AsyncIterable<T>, change: (one: T) => T): AsyncIterable<T> {
  const from = stream[Symbol.asyncIterator]();
  const changed = async (step: Promise<IteratorResult<T>>) => {
    const { done, value } = await step;
    return done ? { done, value } : { done: false as const, value: change(value) };
  };
  const to: AsyncIterableIterator<T> = {
    next: () => changed(from.next()),
    return: async () => {
      await from.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => to,
  };
  return to;
}
