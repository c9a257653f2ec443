import type { ExecutionResult } from "graphql";
import { type FetchAPI, isAsyncIterable, type Plugin, processRegularResult } from "graphql-yoga";
import { type Shaping, shapeResult } from "./error-shape.ts";
import { type Course, mapped } from "./live-stream.ts";

/** What the form of an answer depends on. */
export interface FormContext extends Shaping {
  readonly course: Course;
}

/**
 * Gives results the form that the client asked for. What is wrong with a document has its status under
 * `application/graphql-response+json`, also where the client takes anything; under `application/json` it is 200, as
 * GraphQL over HTTP says; a subscription that is refused is 200, too: an event with the errors, then `complete`. What
 * is wrong with the request itself has its status in each form.
 */
export const resultForm: Plugin<FormContext, FormContext> = {
  onParse({ context }) {
    context.course.hasDocument = true;
  },
  onResultProcess({ request, result, setResult, resultProcessor, setResultProcessor, serverContext }) {
    const shape = (one: ExecutionResult) => shapeResult(one, serverContext);
    if (isAsyncIterable(result)) {
      // The client takes no events, and will be told so: end what was begun for it.
      if (!resultProcessor) void result[Symbol.asyncIterator]().return?.();
      return setResult(mapped(result, shape));
    }
    if (Array.isArray(result)) return;
    const { hasDocument } = serverContext.course;
    const form = jsonForm(request.headers.get("accept"));
    setResult(hasDocument ? inForm(form, shape(result)) : shape(result));
    // What is no document is refused in JSON also where events were asked for: no stream will come of it.
    const type = form ?? (hasDocument ? undefined : "application/json");
    if (type) setResultProcessor(processRegularResult, type);
  },
};

export type JsonForm = "application/json" | "application/graphql-response+json";

/** Which JSON the client takes, by its own order; nothing where it takes none. */
export function jsonForm(accept: string | null): JsonForm | undefined {
  const plain = forms.get(accept ?? "*/*");
  if (plain) return plain;
  const wishes = (accept ?? "*/*").split(",").map((wish) => {
    const [type = "", ...parameters] = wish.toLowerCase().replaceAll(/\s/g, "").split(";");
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { type, quality: Number(quality ?? 1) };
  });
  const known = wishes.filter(({ type, quality }) => quality > 0 && forms.has(type));
  const [best] = known.sort((one, other) => other.quality - one.quality);
  return best && forms.get(best.type);
}

const forms: ReadonlyMap<string, JsonForm> = new Map([
  ["application/json", "application/json"],
  ["application/graphql-response+json", "application/graphql-response+json"],
  ["application/*", "application/graphql-response+json"],
  ["*/*", "application/graphql-response+json"],
]);

/** The answer to a document, in this form. */
export function answerIn(form: JsonForm, result: ExecutionResult, api: FetchAPI): Response {
  if (result.errors) return processRegularResult(inForm(form, result), api, form);
  return new Response(JSON.stringify(result), { headers: plainHeaders[form] });
}

const plainHeaders = {
  "application/json": { "content-type": "application/json; charset=utf-8" },
  "application/graphql-response+json": { "content-type": "application/graphql-response+json; charset=utf-8" },
} as const;

function inForm(form: JsonForm | undefined, result: ExecutionResult): ExecutionResult {
  return form === "application/graphql-response+json" ? result : withoutStatus(result);
}

function withoutStatus(result: ExecutionResult): ExecutionResult {
  for (const { extensions } of result.errors ?? []) delete extensions.http;
  return result;
}
