import type { Actor } from "../../actor.ts";
import type { Context, Log } from "../../context.ts";
import { whyUnkept } from "../../errors.ts";
import type { RequestLimiter } from "../../operations/request-limit.ts";
import type { SignInOf } from "../../operations/sign-in.ts";
import type { AddressOf } from "../../web/client-address.ts";
import type { Streams } from "../../web/streams.ts";
import type { Example, Newest } from "../kit/example.ts";
import { appLimits, operatorLimits } from "../kit/query-limits.ts";
import { createFace, type Face, type FaceContext } from "./executor.ts";
import { finished, problem, requestIdOf, unkeptCode, unkeptMessage } from "./http-error.ts";
import { createLane, type LaneOptions } from "./lane.ts";
import type { Course } from "./live-stream.ts";
import { operatorPages } from "./playground.ts";
import {
  actorOrFault,
  countedAs,
  notAcceptable,
  refuseAtOperators,
  refuseForm,
  refuseTooOften,
} from "./request-guard.ts";
import type { Schemas } from "./schemas.ts";
import { seatOf } from "./seat.ts";

export interface GraphqlServerOptions {
  readonly schemas: Schemas;
  /** The documents that the shop's app was built with, and whether it is to use them alone; none unless given. */
  readonly trusted?: TrustedOptions;
  /** Who is asking; see `operations/sign-in.ts`. */
  readonly signIn: SignInOf;
  /** The context of a request; `request.signal` tells that its caller hung up. */
  readonly contextFor: (actor: Actor, request?: Pick<Request, "signal">) => Context;
  /** Makes the ids of requests that bring none. */
  readonly id: () => string;
  readonly isProduction: boolean;
  readonly log: Log;
  /** Operations that GraphiQL opens with. */
  readonly examples?: readonly Example[];
  /** The highest row of what they make, by type. */
  readonly newest?: Newest;
  /** Counts what mutations answer. */
  readonly countMutation?: (mutation: string, result: string) => void;
  /** Counts requests by address, member or token; see `operations/request-limit.ts`. */
  readonly limitRequest: RequestLimiter;
  /** Where callers sit, as limits count it; see `web/client-address.ts`. */
  readonly addressOf: AddressOf;
  /** The streams of events that are open. */
  readonly streams: Streams;
}

export type TrustedOptions = Omit<LaneOptions, "face">;
export type HttpServer = Bun.Server<unknown>;
export type Handler = (request: Request, server: HttpServer) => Promise<Response>;

export interface GraphqlServer {
  /** Serves `/graphql` and `/graphql/sign-in`. */
  readonly graphql: Handler;
  /** Serves `/app`. */
  readonly app: Handler;
}

/** Makes the handlers of both faces of the API. Whatever a request holds, the answer is typed and names the fault. */
export function createGraphqlServer(options: GraphqlServerOptions): GraphqlServer {
  return { graphql: guarded(options, operatorFace(options)), app: guarded(options, appFace(options)) };
}

/** A request on its way through a face. */
interface FaceCall {
  readonly request: Request;
  readonly requestId: string;
  readonly address: string;
  readonly course: Course;
}

type Work = (call: FaceCall) => Response | Promise<Response>;

function operatorFace(options: GraphqlServerOptions): Work {
  const { schemas, signIn, isProduction, limitRequest } = options;
  const rules = { limits: operatorLimits, introspection: true, oneMutation: false };
  const face = createFace("/graphql", schemas.operators, rules);
  const pages = operatorPages({ ...options, examples: options.examples ?? [], newest: options.newest ?? {} });
  return async (call) => {
    const { request, requestId, address } = call;
    const early = (await pages(request, address)) ?? refuseForm(request, requestId);
    if (early) return early;
    const caller = await signIn(request);
    const late = await refuseTooOften(limitRequest, ...countedAs(caller, address), requestId);
    if (late) return late;
    const actor = actorOrFault(caller, requestId);
    if (actor instanceof Response) return actor;
    const refused = refuseAtOperators(actor, isProduction, requestId);
    if (refused) return refused;
    return face.fetch(request, { ...contextOf(options, call, actor), limits: operatorLimits, hints: true });
  };
}

/** What members use, without those who look at who is asking. */
export function appFaceOf({ app }: Schemas, isProduction: boolean): Face {
  return createFace("/app", app, { limits: appLimits, introspection: !isProduction, oneMutation: true });
}

function appFace(options: GraphqlServerOptions): Work {
  const { schemas, signIn, isProduction, limitRequest, trusted } = options;
  const face = appFaceOf(schemas, isProduction);
  const lane = trusted ? createLane({ face, ...trusted }) : face.fetch;
  return async (call) => {
    const { request, requestId, address } = call;
    const early = refuseForm(request, requestId) ?? (await refuseTooOften(limitRequest, "app", address, requestId));
    if (early) return early;
    const actor = actorOrFault(await signIn(request), requestId);
    if (actor instanceof Response) return actor;
    const late = actor.kind === "member" && (await refuseTooOften(limitRequest, "member", actor.seq, requestId));
    if (late) return late;
    return lane(request, { ...contextOf(options, call, actor), limits: appLimits, hints: !isProduction });
  };
}

/** What holds for every request: an id, an idle stream that stays open, no exception that gets out. */
function guarded({ log, id, addressOf }: GraphqlServerOptions, work: Work): Handler {
  return async (request, server) => {
    const requestId = requestIdOf(request, id);
    const course = { hasDocument: false, isStream: false };
    try {
      const response = await work({ request, requestId, address: addressOf(request, server), course });
      // Bun closes a stream that is silent for 10 s, and yoga's pings come every 12 s. Not before it is answered: a
      // body that never comes must not be waited for.
      if (course.isStream) server.timeout(request, 0);
      // Whose subscription was refused has no use for the connection, and it may be the last that there was room for.
      else if (isEvents(response)) response.headers.set("connection", "close");
      return finished(response.status === 406 ? notAcceptable(requestId) : response, requestId);
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: 400 }); // to nobody: the caller hung up
      log("error", "graphql.failed", { requestId, error });
      const why = whyUnkept(error);
      if (why) return finished(problem(503, unkeptCode, unkeptMessage(why), requestId), requestId);
      return finished(problem(500, "INTERNAL", "Something went wrong on our side.", requestId), requestId);
    }
  };
}

const isEvents = ({ headers }: Response) => headers.get("content-type")?.startsWith("text/event-stream") ?? false;

function contextOf(
  { contextFor, log, signIn, streams, countMutation }: GraphqlServerOptions,
  { request, requestId, address, course }: FaceCall,
  actor: Actor,
) {
  const report = (error: unknown) => log("error", "graphql.bug", { requestId, error });
  const seat = seatOf({ request, actor, address, signIn });
  const told = { requestId, address, report, ...(countMutation && { countMutation }) };
  return { ctx: contextFor(actor, request), ...told, course, streams, seat } satisfies Partial<FaceContext>;
}
