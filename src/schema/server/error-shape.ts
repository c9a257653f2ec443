import { PothosValidationError } from "@pothos/core";
import { type ExecutionResult, GraphQLError } from "graphql";
import { briefly, brieflyAt, type Issue, whyUnkept } from "../../errors.ts";
import { issuesOf } from "../kit/issues.ts";
import { unkeptCode, unkeptMessage } from "./http-error.ts";

export interface Shaping {
  readonly requestId: string;
  /** Told of errors that are bugs or outages, which callers never see. */
  readonly report: (bug: unknown) => void;
  /** Whether "Did you mean …?" may tell names of the schema. */
  readonly hints: boolean;
}

/**
 * Gives every error of a result its final shape: `extensions.code`, `requestId`, an HTTP status when nothing was
 * answered. What was not meant for callers is reported and masked: no message, no stack.
 */
export function shapeResult(result: ExecutionResult, shaping: Shaping): ExecutionResult {
  if (!result.errors?.length) return result;
  const answered = result.data !== undefined && result.data !== null;
  return { ...result, errors: result.errors.map((error) => shapeError(error, answered, shaping)) };
}

function shapeError(error: GraphQLError, answered: boolean, { requestId, report, hints }: Shaping): GraphQLError {
  const cause = rootOf(error);
  const known = cause instanceof GraphQLError ? describe(error, cause) : undefined;
  if (!known) report(cause);
  const { message, code, ...facts } = known ?? unkept(cause) ?? masked;
  const { nodes, source, positions, path } = error;
  return new GraphQLError(briefly(hints ? message : message.replace(/ Did you mean .*$/s, "")), {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path?.map((step) => (typeof step === "string" ? briefly(step) : step)) ?? null,
    extensions: { code, ...facts, requestId, ...(!answered && { http: httpOf(cause, code) }) },
  });
}

const masked: Told = {
  message: "Something went wrong on our side. Please try again, and report the requestId if it stays so.",
  code: "INTERNAL",
};

/** An outage that passes: who asked may ask again, with the same idempotency key. */
function unkept(cause: unknown): Told | undefined {
  const why = whyUnkept(cause);
  return why === undefined ? undefined : { message: unkeptMessage(why), code: unkeptCode };
}

/** Words and code for an error that is the caller's to mend; nothing for one that only looks like it. */
function describe({ message, path }: GraphQLError, cause: GraphQLError): Told | undefined {
  const { code, issues, retryAfterSeconds } = cause.extensions;
  if (typeof code === "string" && code !== "BAD_USER_INPUT") {
    return { message, code, ...faultsIn(issues), ...(typeof retryAfterSeconds === "number" && { retryAfterSeconds }) };
  }
  if (cause instanceof PothosValidationError) {
    return { message, code: "INVALID_INPUT", ...faultsIn(issuesOf(cause)) };
  }
  // Without a path nothing ran yet: it is about the request. With one, only faulty arguments are the caller's.
  const isTheirs = path === undefined || message.startsWith('Argument "');
  return isTheirs ? { message, code: "BAD_REQUEST" } : undefined;
}

interface Told {
  readonly message: string;
  readonly code: string;
  readonly issues?: readonly Issue[];
  readonly retryAfterSeconds?: number;
}

function faultsIn(issues: unknown): { issues?: readonly Issue[] } {
  return Array.isArray(issues) ? { issues: issues.map(brieflyAt) } : {};
}

function rootOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? rootOf(error.originalError) : error;
}

const statusByCode: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  [unkeptCode]: 503,
};

function httpOf(cause: unknown, code: string) {
  const given = cause instanceof GraphQLError ? cause.extensions.http : undefined;
  const status = given?.status ?? statusByCode[code] ?? 400;
  return given?.headers ? { status, headers: given.headers } : { status };
}
