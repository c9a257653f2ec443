import type { Actor } from "../../actor.ts";
import type { RequestLimiter } from "../../operations/request-limit.ts";
import type { SignIn } from "../../operations/sign-in.ts";
import type { RequestRates } from "../../web/settings.ts";
import { problem } from "./http-error.ts";

/** The answer to a request whose form GraphQL never sees; nothing when it may go on. */
export function refuseForm(request: Request, requestId: string): Response | undefined {
  if (request.method !== "POST") {
    return problem(405, "METHOD_NOT_ALLOWED", "Send operations with POST.", requestId, { allow: "POST" });
  }
  // Forms of other sites can post anything but JSON without asking first: so JSON it must be.
  if (/^application\/(graphql\+)?json *(;|$)/i.test(request.headers.get("content-type") ?? "")) return undefined;
  const message = "Send the operation as JSON: Content-Type: application/json.";
  return problem(415, "UNSUPPORTED_MEDIA_TYPE", message, requestId);
}

/** Who is asking, or the answer to faulty credentials, which names the fault. */
export function actorOrFault(signIn: SignIn, requestId: string): Actor | Response {
  if ("actor" in signIn) return signIn.actor;
  const { code, message } = signIn.fault;
  if (code === "KEYS_UNAVAILABLE") return problem(503, code, message, requestId, { "retry-after": "5" });
  const challenge = `Bearer error="invalid_token", error_description="${message.replaceAll('"', "'")}"`;
  return problem(401, code, message, requestId, { "www-authenticate": challenge });
}

/** Keeps members off the operators' face, and in production those without credentials. */
export function refuseAtOperators(actor: Actor, isProduction: boolean, requestId: string): Response | undefined {
  if (actor.kind === "member") return problem(403, "FORBIDDEN", "Members' tokens are for /app.", requestId);
  if (actor.kind !== "anonymous" || !isProduction) return undefined;
  const message = 'This API is for operators and the shop\'s backend: send "Authorization: Bearer ff_…".';
  return problem(401, "UNAUTHENTICATED", message, requestId, { "www-authenticate": "Bearer" });
}

/** By whom a request to the operators' API counts: by its token or, where that is none of ours, by its address. */
export function countedAs(caller: SignIn, address: string): [what: "token" | "stranger", who: string] {
  const actor = "actor" in caller ? caller.actor : undefined;
  const isKnown = actor?.kind === "operator" || actor?.kind === "service";
  return isKnown ? ["token", `${actor.kind}:${actor.id}`] : ["stranger", address];
}

/** Counts the request, and refuses it when there were too many. */
export async function refuseTooOften(
  limiter: RequestLimiter,
  what: keyof RequestRates,
  who: string | number,
  requestId: string,
): Promise<Response | undefined> {
  const refused = await limiter(what, who);
  if (!refused) return undefined;
  const { message, retryAfterSeconds } = refused;
  return problem(429, "RATE_LIMITED", message, requestId, { "retry-after": String(retryAfterSeconds) });
}

/** The answer when the caller accepts no form that the result could take. */
export function notAcceptable(requestId: string): Response {
  const message = "Accept application/json for queries and mutations, text/event-stream for subscriptions.";
  return problem(406, "NOT_ACCEPTABLE", message, requestId);
}
