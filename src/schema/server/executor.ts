import type { GraphQLSchema } from "graphql";
import { createYoga } from "graphql-yoga";
import type { GraphqlContext } from "../kit/graphql-context.ts";
import { type DocumentRules, documentRules } from "../kit/query-limits.ts";
import { plainValues } from "./input-sanity.ts";
import { countedStreams, type StreamContext } from "./live-stream.ts";
import { operationBody } from "./operation-body.ts";
import { type FormContext, resultForm } from "./result-form.ts";

/** What comes along with a request to the executor of a face. */
export interface FaceContext extends GraphqlContext, FormContext, StreamContext {}

/**
 * Makes the executor of one face: JSON over POST in, JSON or server-sent events out; no batches, no CORS, nothing
 * masked twice.
 */
export function createFace(path: string, schema: GraphQLSchema, rules: DocumentRules) {
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
  return { fetch: (request: Request, context: FaceContext) => yoga.fetch(request, context) };
}
