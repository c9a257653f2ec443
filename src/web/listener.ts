import type { Log } from "../context.ts";
import { whyUnkept } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import type { Timers } from "../world.ts";
import type { CrossOrigin } from "./cross-origin.ts";
import type { Door } from "./door.ts";

type Server = Bun.Server<unknown>;
/** `path` is the first part of the request's path, where the server knows it already. */
type Handler = (request: Request, server: Server, path?: string) => MaybePromise<Response>;

/** Where this process is spoken to. */
export interface Listener {
  /** E.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  route(handler: Handler): void;
  /** Listens no more, lets the last answers out, for a moment, and cuts what is still open. */
  stop(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly door: Door;
  readonly crossOrigin: CrossOrigin;
  readonly timers: Timers;
}

/** Of a file of members, in bytes; every other address reads far less and says so with 413. */
const longestBody = 2 ** 31;
/** How long a stop waits for answers that are on their way to slow readers. */
const lastAnswersMs = 500;

/**
 * Listens at once, so that the address is known to the parts that are told it, and lets requests wait until the routes
 * are there: the queue is sooner ready than we are, and every refusal would cost its messages one of their tries.
 * A connection on which nothing moves for 10 s is cut, unless a stream is answered on it.
 */
export function listen({ host, port, door, crossOrigin, timers }: ListenOptions, log: Log): Listener {
  const ready = Promise.withResolvers<Handler>();
  let handler: Handler = async (...call) => (await ready.promise)(...call);
  const routed: Handler = (...call) => handler(...call);
  const answer = (request: Request, self: Server, path?: string) =>
    crossOrigin(request, () => door.pass(request, self, routed, path));
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort: false, // true without `development`: a second server would listen, too, and requests go to either
    maxRequestBodySize: longestBody,
    development: false, // its page of a failure shows our source and stack
    // What is asked most often: found without a look at its URL.
    routes: { "/app": (request, self) => answer(request, self, "app") },
    fetch: (request, self): MaybePromise<Response> => answer(request, self),
    error: (error) => {
      log("error", "request.failed", { error });
      const why = whyUnkept(error);
      if (why) return Response.json({ error: `nothing can be kept just now: ${why}` }, { status: 503 });
      return Response.json({ error: "something went wrong on our side" }, { status: 500 });
    },
  });
  return {
    url: `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${server.port}`,
    route: (routes) => {
      handler = routes;
      ready.resolve(routes);
    },
    stop: async () => {
      const late = Promise.withResolvers<void>();
      const timer = timers.after(lastAnswersMs, late.resolve);
      await Promise.race([server.stop(false), late.promise]);
      timer.stop();
      await server.stop(true);
    },
  };
}
