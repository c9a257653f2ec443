import { GraphQLError } from "graphql";
import type { GraphQLParams, Plugin } from "graphql-yoga";
import { type BodyFault, readText } from "../../web/body.ts";
import type { Timers } from "../../world.ts";

/** Longest body of a request, in bytes. */
const maxBytes = 1_000_000;

interface Timed {
  readonly ctx: { readonly timers: Timers };
}

/** Reads operations from bodies of JSON, within the house's limits of length and time. */
export const operationBody: Plugin<Timed, Timed> = {
  onRequestParse({ setRequestParser, serverContext }) {
    setRequestParser((request) => operationOf(request, serverContext.ctx.timers));
  },
};

async function operationOf(request: Request, timers: Timers): Promise<GraphQLParams> {
  const body = await readText(request, { maxBytes, timers });
  if (typeof body === "string") throw faults[body]();
  const parsed = parseJson(body.text);
  if (typeof parsed === "object" && parsed !== null) return parsed;
  const kind = parsed === null ? "null" : typeof parsed;
  throw malformed(`The body is expected to be object but is ${kind}.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("The body is invalid JSON.");
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
