import type { Actor } from "../../actor.ts";
import type { Context, Log } from "../../context.ts";
import type { RequestLimiter } from "../../operations/request-limit.ts";
import type { SignIn } from "../../operations/sign-in.ts";
import type { Example } from "../kit/example.ts";
import { appLimits, operatorLimits } from "../kit/query-limits.ts";
import { createFace, type FaceContext } from "./executor.ts";
import { finished, problem, requestIdOf } from "./http-error.ts";
import { operatorPages } from "./playground.ts";
import { actorOrFault, notAcceptable, refuseAtOperators, refuseForm, refuseTooOften } from "./request-guard.ts";
import type { Schemas } from "./schemas.ts";

export interface GraphqlServerOptions {
  readonly schemas: Schemas;
  /** Who is asking; see `operations/sign-in.ts`. */
  readonly signIn: (request: Request) => Promise<SignIn>;
  /** The context of a request; `signal` tells that its caller hung up. */
  readonly contextFor: (actor: Actor, signal?: AbortSignal) => Context;
  /** Makes the ids of requests that bring none. */
  readonly id: () => string;
  readonly isProduction: boolean;
  readonly log: Log;
  /** Operations that GraphiQL opens with. */
  readonly examples?: readonly Example[];
  /** Counts the app's requests by address, then by member; see `operations/request-limit.ts`. */
  readonly limitRequest?: RequestLimiter;
  /** The caller's address; behind a proxy, read it from the proxy's header. */
  readonly addressOf?: (request: Request, server: HttpServer) => string;
}

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

type Work = (request: Request, requestId: string, server: HttpServer) => Response | Promise<Response>;

function operatorFace(options: GraphqlServerOptions): Work {
  const { schemas, signIn, isProduction, examples = [], addressOf = socketAddress } = options;
  const rules = { limits: operatorLimits, introspection: true, oneMutation: false };
  const face = createFace("/graphql", schemas.operators, rules);
  const pages = operatorPages({ signIn, isProduction, examples });
  return async (request, requestId, server) => {
    const early = (await pages(request)) ?? refuseForm(request, requestId);
    if (early) return early;
    const actor = actorOrFault(await signIn(request), requestId);
    if (actor instanceof Response) return actor;
    const refused = refuseAtOperators(actor, isProduction, requestId);
    if (refused) return refused;
    const address = addressOf(request, server);
    const context = contextOf(options, { actor, requestId, address, signal: request.signal });
    return face.fetch(request, { ...context, limits: operatorLimits, hints: true });
  };
}

function appFace(options: GraphqlServerOptions): Work {
  const { schemas, signIn, isProduction, limitRequest, addressOf = socketAddress } = options;
  const rules = { limits: appLimits, introspection: !isProduction, oneMutation: true };
  const face = createFace("/app", schemas.app, rules);
  return async (request, requestId, server) => {
    const address = addressOf(request, server);
    const early = refuseForm(request, requestId) ?? (await refuseTooOften(limitRequest, { address }, requestId));
    if (early) return early;
    const actor = actorOrFault(await signIn(request), requestId);
    if (actor instanceof Response) return actor;
    const late = actor.kind === "member" && (await refuseTooOften(limitRequest, { member: actor.seq }, requestId));
    if (late) return late;
    const context = contextOf(options, { actor, requestId, address, signal: request.signal });
    return face.fetch(request, { ...context, limits: appLimits, hints: !isProduction });
  };
}

/** What holds for every request: an id, an idle stream that stays open, no exception that gets out. */
function guarded({ log, id }: GraphqlServerOptions, work: Work): Handler {
  return async (request, server) => {
    const requestId = requestIdOf(request, id);
    // Bun closes a stream that is silent for 10 s, and yoga's pings come every 12 s.
    if (request.headers.get("accept")?.includes("text/event-stream")) server.timeout(request, 0);
    try {
      const response = await work(request, requestId, server);
      return finished(response.status === 406 ? notAcceptable(requestId) : response, requestId);
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: 400 }); // to nobody: the caller hung up
      log("error", "graphql.failed", { requestId, error });
      return finished(problem(500, "INTERNAL", "Something went wrong on our side.", requestId), requestId);
    }
  };
}

interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
  readonly address: string;
  readonly signal: AbortSignal;
}

function contextOf({ contextFor, log }: GraphqlServerOptions, { actor, requestId, address, signal }: Caller) {
  const report = (error: unknown) => log("error", "graphql.bug", { requestId, error });
  return { ctx: contextFor(actor, signal), requestId, address, report } satisfies Partial<FaceContext>;
}

function socketAddress(request: Request, server: HttpServer): string {
  return server.requestIP(request)?.address ?? "unknown";
}
