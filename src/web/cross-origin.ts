import type { Log } from "../context.ts";
import { andThen, type MaybePromise } from "../maybe-promise.ts";

/** Lets pages of other origins in. */
export type CrossOrigin = (request: Request, answer: () => MaybePromise<Response>) => MaybePromise<Response>;

/**
 * CORS for `/app`, and for nothing else: pages of the origins that the shop named may call it and read what it answers.
 * A page of another origin is told which setting it takes, at its preflight, and the log is, once.
 */
export function crossOrigin(origins: readonly string[], log: Log): CrossOrigin {
  const told = new Set<string>();
  const isAllowed = (origin: string) => origins.includes("*") || origins.includes(origin.toLowerCase());
  const refuse = (origin: string) => {
    const named = origin.slice(0, 100);
    const message = `Pages of ${JSON.stringify(named)} may not use this API: APP_ORIGINS does not name them.`;
    if (told.size < 20 && !told.has(named)) log("warn", "app.origin", { line: message });
    if (told.size < 20) told.add(named);
    const body = { errors: [{ message, extensions: { code: "ORIGIN_NOT_ALLOWED" } }] };
    return Response.json(body, { status: 403, headers: { vary: "origin", "cache-control": "no-store" } });
  };
  const readable = (response: Response, origin: string) => {
    response.headers.set("access-control-allow-origin", origin);
    response.headers.set("access-control-expose-headers", "retry-after, x-request-id, www-authenticate");
    response.headers.append("vary", "origin");
    return response;
  };
  return (request, answer) => {
    const origin = request.headers.get("origin");
    if (origin === null || !/^\w+:\/\/[^/?#]*\/app\/?(\?|$)/.test(request.url)) return answer();
    const isPreflight = request.method === "OPTIONS" && request.headers.has("access-control-request-method");
    // What is no preflight is answered: a proxy that makes us the page's own origin leaves the header as it was.
    if (!isAllowed(origin)) return isPreflight ? refuse(origin) : answer();
    if (isPreflight) return readable(new Response(null, { status: 204, headers: preflight }), origin);
    return andThen(answer(), (response) => readable(response, origin));
  };
}

const preflight = {
  "access-control-allow-methods": "POST",
  "access-control-allow-headers": "authorization, content-type, accept, x-request-id",
  "access-control-max-age": "7200",
};
