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
  /** Where this process alone is spoken to; the same, unless its port is shared. */
  readonly ownUrl: string;
  /** Lets requests in. A shared port is only taken now. */
  route(handler: Handler): void;
  /** Leaves a shared port to the others; who is connected stays so. */
  leave(): void;
  /** Listens no more, lets the last answers out, for a moment, and cuts what is still open. */
  stop(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Whether other processes that say so, too, listen on the same port. */
  readonly shared: boolean;
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
 * Where the port is shared, that is a port of its own on this machine, and the shared one follows with the routes: the
 * system deals its connections out to all who listen. A connection on which nothing moves for 10 s is cut, unless a
 * stream is answered on it.
 */
export function listen({ host, port, shared, ...options }: ListenOptions, log: Log): Listener {
  const ready = Promise.withResolvers<Handler>();
  let handler: Handler = async (...call) => (await ready.promise)(...call);
  const answer: Handler = (...call) => handler(...call);
  const open = (hostname: string, number: number, reusePort: boolean) =>
    serve({ hostname, port: number, reusePort }, answer, options, log);
  const own = shared ? open("127.0.0.1", 0, false) : open(host, port, false);
  const servers = [own];
  const urlOf = (number: number | undefined) => `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${number}`;
  return {
    url: urlOf(shared ? port : own.port),
    ownUrl: shared ? `http://127.0.0.1:${own.port}` : urlOf(own.port),
    route: (routes) => {
      handler = routes;
      ready.resolve(routes);
      if (shared) servers.push(open(host, port, true));
    },
    leave: () => {
      for (const server of servers.slice(1)) void server.stop(false);
    },
    stop: async () => {
      const late = Promise.withResolvers<void>();
      const timer = options.timers.after(lastAnswersMs, late.resolve);
      await Promise.race([Promise.all(servers.map((server) => server.stop(false))), late.promise]);
      timer.stop();
      await Promise.all(servers.map((server) => server.stop(true)));
    },
  };
}

interface Place {
  readonly hostname: string;
  readonly port: number;
  /** As Bun has it when nothing is said: a second server would listen, too, and requests go to either. */
  readonly reusePort: boolean;
}

function serve(
  place: Place,
  handler: Handler,
  { door, crossOrigin }: Pick<ListenOptions, "door" | "crossOrigin">,
  log: Log,
) {
  const answer = (request: Request, self: Server, path?: string) =>
    crossOrigin(request, () => door.pass(request, self, handler, path));
  return Bun.serve({
    ...place,
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
}
