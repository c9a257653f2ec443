import { timingSafeEqual } from "node:crypto";
import { isRejection, type Rejection, reject } from "../rejection.ts";

/** One request after its credentials were checked. */
export interface Call {
  readonly request: Request;
  /** What follows the route's prefix, with the query, as it was written: a destination. */
  readonly rest: string;
  /** The same without the query and unescaped: an id. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** The caller's address. */
  readonly ip: string | undefined;
}

/** What a route answers: JSON (200 unless said otherwise) or nothing. */
export type Answer = { readonly status?: number; readonly json?: unknown } | Rejection;

/**
 * By method and path: `POST /v2/batch` alone, `GET /v2/queues/:id`, `POST /v2/queues/:id/pause`, `POST
 * /v2/dlq/retry/:id`; `POST /v2/publish/` takes everything below, a destination with all its slashes.
 */
export type Routes = Readonly<Record<string, (call: Call) => Answer | Promise<Answer>>>;

/** Serves routes to whoever has the token; what is none of them answers 404, what goes wrong answers JSON. */
export function serve(routes: Routes, token: string, onError: (error: unknown) => void) {
  const isAllowed = bearer(token);
  return async (request: Request, server: Bun.Server<unknown>): Promise<Response> => {
    try {
      const address = readAddress(request.url);
      if (address.path === "/health") return Response.json({ status: "ok" });
      if (!isAllowed(request.headers, address.search)) return respond(reject(401, "unauthorized"));
      return respond(await route(routes, request, address, server.requestIP(request)?.address));
    } catch (error) {
      onError(error);
      return respond(reject(500, "the broker failed to do this; its log has the reason"));
    }
  };
}

/** Parts of QStash's protocol that are left out on purpose. */
const leftOut: ReadonlyMap<string, string> = new Map([
  ["workflows", "run workflows"],
  ["llm", "relay to language models"],
]);

interface Address {
  readonly path: string;
  readonly search: string;
}

/** Path and query as they were written: a destination is part of both. */
function readAddress(url: string): Address {
  const from = url.indexOf("/", url.indexOf("//") + 2);
  const question = url.indexOf("?", from);
  return question < 0
    ? { path: url.slice(from), search: "" }
    : { path: url.slice(from, question), search: url.slice(question) };
}

async function route(
  routes: Routes,
  request: Request,
  { path, search }: Address,
  ip: string | undefined,
): Promise<Answer> {
  const { method } = request;
  const query = new URLSearchParams(search);
  const exact = routes[`${method} ${path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path}`];
  if (exact) return await exact({ request, rest: "", id: "", query, ip });
  const [, version = "", area = ""] = path.split("/", 3);
  const missing = leftOut.get(version) ?? leftOut.get(area);
  if (missing !== undefined) return reject(501, `this broker does not ${missing}`);
  const below = `/${version}/${area}/`;
  const rest = path.slice(below.length);
  const found = path.startsWith(below) ? findBelow(routes, `${method} ${below}`, rest) : undefined;
  if (!found) return reject(404, `there is no ${method} ${path.slice(0, 200)} here`);
  return await found.handle({ request, rest: rest + search, id: unescaped(found.id), query, ip });
}

/** The route for what lies below an area, with the id in it. An address is never taken apart. */
function findBelow(routes: Routes, below: string, rest: string): { handle: Routes[string]; id: string } | undefined {
  const whole = routes[below];
  if (whole && /^https?(:|%3a)/i.test(rest)) return { handle: whole, id: rest };
  const [last, first] = [rest.lastIndexOf("/"), rest.indexOf("/")];
  const action = last < 0 ? undefined : routes[`${below}:id/${rest.slice(last + 1)}`];
  if (action) return { handle: action, id: rest.slice(0, last) };
  const within = first < 0 ? undefined : routes[`${below}${rest.slice(0, first)}/:id`];
  if (within) return { handle: within, id: rest.slice(first + 1) };
  const one = whole ?? routes[`${below}:id`];
  return one && { handle: one, id: rest };
}

/** A path's text as it was before it was escaped, where it can be told. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The token comes as a bearer's, or, for whoever cannot set headers or uses them for credentials of his own, in the
 * query. A bearer's is for us alone, so it is taken off: whatever headers are passed on, it is not among them.
 */
function bearer(token: string): (headers: Headers, search: string) => boolean {
  const wanted = Buffer.from(`Bearer ${token}`);
  const isWanted = (text: string) => {
    const given = Buffer.from(text);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  };
  return (headers, search) => {
    if (isWanted(headers.get("authorization") ?? "")) {
      headers.delete("authorization");
      return true;
    }
    const inQuery = search.includes("qstash_token=") ? new URLSearchParams(search).get("qstash_token") : null;
    return inQuery !== null && isWanted(`Bearer ${inQuery}`);
  };
}

function respond(answer: Answer): Response {
  if (isRejection(answer)) return Response.json({ error: answer.error }, { status: answer.status });
  const { status, json } = answer;
  return json === undefined
    ? new Response(null, { status: status ?? 200 })
    : Response.json(json, { status: status ?? 200 });
}
