import { type DocumentNode, type ExecutionResult, GraphQLError, type GraphQLSchema } from "graphql";
import { createYoga } from "graphql-yoga";
import type { GraphqlContext } from "../kit/graphql-context.ts";
import { type DocumentRules, documentRules } from "../kit/query-limits.ts";
import { finished, jsonAnswer } from "./http-error.ts";
import { plainValues } from "./input-sanity.ts";
import { countedStreams, type StreamContext } from "./live-stream.ts";
import { type OperationContext, operationBody } from "./operation-body.ts";
import { notAcceptable } from "./request-guard.ts";
import { type FormContext, faultyAnswer, type JsonForm, resultForm } from "./result-form.ts";

/** What comes along with a request to the executor of a face. */
export interface FaceContext extends GraphqlContext, FormContext, StreamContext, Omit<OperationContext, "ctx"> {}

const isEvents = ({ headers }: Response) => headers.get("content-type")?.startsWith("text/event-stream") ?? false;

/** What a document must be looked at with. */
type ReadingContext = Pick<FaceContext, "course">;

/** Those who serve one schema. */
export interface Face {
  readonly schema: GraphQLSchema;
  fetch(request: Request, context: FaceContext): Promise<Response>;
  /** The response to a document's result. */
  answer(form: JsonForm, result: ExecutionResult, context: Pick<FaceContext, "requestId">): Response;
  /** Parses and validates a document by this face's rules. */
  read(text: string, context: ReadingContext): DocumentNode | { readonly faults: readonly GraphQLError[] };
}

/**
 * Makes the executor of one face: JSON over POST in, JSON or server-sent events out; no batches, no CORS, nothing
 * masked twice.
 */
export function createFace(path: string, schema: GraphQLSchema, rules: DocumentRules): Face {
  const yoga = createYoga<FaceContext>({
    schema,
    graphqlEndpoint: path,
    maxRequestBodySize: false, // operation-body.ts counts, and looks at the clock
    batching: false,
    cors: false,
    multipart: false,
    graphiql: false,
    landingPage: false,
    logging: false,
    maskedErrors: false, // error-shape.ts does it, for every road that an error can take
    plugins: [operationBody, resultForm, documentRules(rules), plainValues, countedStreams],
  });
  const posted = new Request(`http://localhost${path}`, { method: "POST" });
  return {
    schema,
    async fetch(request, context) {
      const response = await yoga.fetch(request, context);
      // Whose subscription was refused has no use for the connection, and it may be the last that there was room for.
      if (!context.course.isStream && isEvents(response)) response.headers.set("connection", "close");
      return response.status === 406 ? notAcceptable(context.requestId) : finished(response, context.requestId);
    },
    answer: (form, result, { requestId }) =>
      result.errors
        ? finished(faultyAnswer(form, result, yoga.fetchAPI), requestId)
        : jsonAnswer(JSON.stringify(result), requestId, { type: form }),
    read(text, context) {
      // As if it had been posted: what was found once is kept, and told to whoever posts it.
      const { parse, validate } = yoga.getEnveloped({ ...(context as FaceContext), request: posted, params: {} });
      try {
        const document: DocumentNode = parse(text);
        const faults = validate(schema, document);
        return faults.length > 0 ? { faults } : document;
      } catch (error) {
        if (error instanceof GraphQLError) return { faults: [error] };
        throw error;
      }
    },
  };
}
