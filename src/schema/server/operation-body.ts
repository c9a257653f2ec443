import { GraphQLError } from "graphql";
import type { GraphQLParams, Plugin } from "graphql-yoga";
import { type BodyFault, readText } from "../../web/body.ts";
import type { Timers } from "../../world.ts";

/** Longest body of a request, in bytes. */
const maxBytes = 1_000_000;

/** What comes along with a request whose body may have been read already. */
export interface OperationContext {
  readonly ctx: { readonly timers: Timers };
  /** What the body says, or what is wrong with it; absent while nobody has read it. */
  readonly operation?: GraphQLParams | GraphQLError;
}

/** Takes operations from bodies of JSON, within the house's limits of length and time. */
export const operationBody: Plugin<OperationContext, OperationContext> = {
  onRequestParse({ setRequestParser, serverContext }) {
    setRequestParser(async (request) => {
      const operation = serverContext.operation ?? (await readOperation(request, serverContext.ctx.timers));
      if (operation instanceof GraphQLError) throw operation;
      return operation;
    });
  },
};

/** Reads the body of a request; answers what is wrong with one that cannot be taken. */
export async function readOperation(request: Request, timers: Timers): Promise<GraphQLParams | GraphQLError> {
  const body = await readText(request, { maxBytes, timers });
  if (typeof body === "string") return faults[body]();
  const parsed = parseJson(body.text);
  if (parsed === undefined) return malformed("The body is invalid JSON.");
  if (typeof parsed === "object" && parsed !== null) return parsed;
  const kind = parsed === null ? "null" : typeof parsed;
  return malformed(`The body is expected to be object but is ${kind}.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const malformed = (message: string) =>
  new GraphQLError(message, { extensions: { code: "BAD_REQUEST", http: { status: 400 } } });

const faults: Readonly<Record<BodyFault, () => GraphQLError>> = {
  "too long": () =>
    new GraphQLError(`The body is too large: at most ${maxBytes} bytes are read.`, {
      extensions: { code: "REQUEST_ENTITY_TOO_LARGE", http: { status: 413 } },
    }),
  "too slow": () =>
    new GraphQLError("The body did not arrive in time.", {
      extensions: { code: "REQUEST_TIMEOUT", http: { status: 408, headers: { connection: "close" } } },
    }),
};
