import { timingSafeEqual } from "node:crypto";
import { isRejection, type Rejection, reject } from "../message.ts";

/** One request after its credentials were checked. */
export interface Call {
  readonly request: Request;
  /** What follows the route's prefix, with the query, as it was written: a destination. */
  readonly rest: string;
  /** The same without the query and unescaped: an id. */
  readonly id: string;
  readonly query: URLSearchParams;
}

/** What a route answers: JSON (200 unless said otherwise) or nothing. */
export type Answer = { readonly status?: number; readonly json?: unknown } | Rejection;

/** `"METHOD /prefix/"` takes everything below the prefix; without the last slash it is that path alone. */
export type Routes = Readonly<Record<string, (call: Call) => Answer | Promise<Answer>>>;

/** Serves routes to whoever has the token; what is none of them answers 404, what goes wrong answers JSON. */
export function serve(routes: Routes, token: string, onError: (error: unknown) => void) {
  const isAllowed = bearer(token);
  return async (request: Request): Promise<Response> => {
    try {
      const address = readAddress(request.url);
      if (address.path === "/health") return Response.json({ status: "ok" });
      if (!isAllowed(request.headers.get("authorization"))) return respond(reject(401, "unauthorized"));
      return respond(await route(routes, request, address));
    } catch (error) {
      onError(error);
      return respond(reject(500, "the broker failed to do this; its log has the reason"));
    }
  };
}

/** Parts of QStash's protocol that are known and left out. */
const later: Readonly<Record<string, string>> = {
  enqueue: "named queues",
  queues: "named queues",
  topics: "URL groups",
  events: "the event log",
  logs: "the event log",
  flowControl: "showing and pinning flow control",
  globalParallelism: "global parallelism",
  workflows: "workflows",
  chat: "language models",
};

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

async function route(routes: Routes, request: Request, { path, search }: Address): Promise<Answer> {
  const exact = routes[`${request.method} ${path}`];
  if (exact) return await exact({ request, rest: "", id: "", query: new URLSearchParams(search) });
  const [, version = "", area = ""] = path.split("/", 3);
  const prefix = `/${version}/${area}/`;
  const below = path.startsWith(prefix) ? routes[`${request.method} ${prefix}`] : undefined;
  if (!below && Object.hasOwn(later, area)) return reject(501, `this broker does not support ${later[area]} yet`);
  if (!below) return reject(404, `there is no ${request.method} ${path.slice(0, 200)} here`);
  const rest = path.slice(prefix.length);
  return await below({ request, rest: rest + search, id: unescaped(rest), query: new URLSearchParams(search) });
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bearer(token: string): (header: string | null) => boolean {
  const wanted = Buffer.from(`Bearer ${token}`);
  return (header) => {
    const given = Buffer.from(header ?? "");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  };
}

function respond(answer: Answer): Response {
  if (isRejection(answer)) return Response.json({ error: answer.error }, { status: answer.status });
  const { status, json } = answer;
  return json === undefined
    ? new Response(null, { status: status ?? 200 })
    : Response.json(json, { status: status ?? 200 });
}
