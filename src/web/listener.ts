import type { Log } from "../context.ts";
import { whyUnkept } from "../errors.ts";

type Handler = (request: Request, server: Bun.Server<unknown>) => Promise<Response>;

/** Where this process is spoken to. */
export interface Listener {
  /** E.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  route(handler: Handler): void;
  stop(): Promise<void>;
}

/** Of a file of members, in bytes; every other address reads far less and says so with 413. */
const longestBody = 2 ** 31;

/**
 * Listens at once, so that the address is known to the parts that are told it, and lets requests wait until the routes
 * are there: the queue is sooner ready than we are, and every refusal would cost its messages one of their tries.
 */
export function listen({ host, port }: { host: string; port: number }, log: Log): Listener {
  const ready = Promise.withResolvers<Handler>();
  let handler: Handler = async (request, server) => (await ready.promise)(request, server);
  const server = Bun.serve({
    hostname: host,
    port,
    reusePort: false, // true without `development`: a second server would listen, too, and requests go to either
    maxRequestBodySize: longestBody,
    development: false, // its page of a failure shows our source and stack
    fetch: (request, self): Response | Promise<Response> => handler(request, self),
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
    stop: () => server.stop(true),
  };
}
