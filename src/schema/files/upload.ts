import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BunFile } from "bun";
import type { Actor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { type Refusal, refuse } from "../../errors.ts";
import type { RequestLimiter } from "../../operations/request-limit.ts";
import type { SignInOf } from "../../operations/sign-in.ts";
import type { AddressOf } from "../../web/client-address.ts";
import type { Timers } from "../../world.ts";
import { longestReason } from "../kit/refusable.ts";
import { denial, mayPass, type Scopes } from "../kit/scopes.ts";
import { problem, requestIdOf } from "../server/http-error.ts";
import { actorOrFault, countedAs, refuseTooOften } from "../server/request-guard.ts";
import type { HttpServer } from "../server/server.ts";
import { keepBody, type Pace, slowest, untilLeaving } from "./arriving.ts";

/** What addresses for files are given when they are made. */
export interface FileOptions {
  readonly signIn: SignInOf;
  readonly contextFor: (actor: Actor) => Context;
  /** Names the files, and the requests that have no id of their own. */
  readonly id: () => string;
  /** Where a file stays while it is read. */
  readonly dir: string;
  /** Longest file, in bytes; `Bun.serve` must let as much through. */
  readonly maxBytes?: number;
  /** Counts requests by token or address. */
  readonly limitRequest: RequestLimiter;
  readonly addressOf: AddressOf;
  /** Aborted when the process begins to stop. */
  readonly leaving: AbortSignal;
  readonly timers: Timers;
  /** How fast a file must arrive; {@link slowest} unless given. */
  readonly pace?: Pace;
}

/** A request for a file, or with one. */
export interface FileCall {
  readonly request: Request;
  readonly requestId: string;
  readonly server: HttpServer;
  readonly url: URL;
}

export function fileCall({ id }: FileOptions, request: Request, server: HttpServer): FileCall {
  return { request, server, requestId: requestIdOf(request, id), url: new URL(request.url) };
}

/**
 * The caller's context, where it may do this, with the parameter `reason`, which the audit keeps; else the answer that
 * says why not.
 */
export async function admitted(
  { signIn, contextFor, limitRequest, addressOf }: FileOptions,
  { request, server, requestId, url }: FileCall,
  scopes: Scopes,
): Promise<Context | Response> {
  const caller = await signIn(request);
  const refused = await refuseTooOften(limitRequest, ...countedAs(caller, addressOf(request, server)), requestId);
  if (refused) return refused;
  const actor = actorOrFault(caller, requestId);
  if (actor instanceof Response) return actor;
  if (!mayPass(actor, scopes)) {
    const { code, message } = denial(actor, scopes, `${request.method} /${url.pathname.split("/")[1]}`);
    return problem(code === "FORBIDDEN" ? 403 : 401, code, message, requestId);
  }
  const reason = url.searchParams.get("reason")?.toWellFormed() || undefined;
  if (reason === undefined || reason.length <= longestReason) return { ...contextFor(actor), reason };
  const message = `is longer than ${longestReason} characters`;
  return refusedWith(refuse.invalid([{ path: "reason", message }]), requestId);
}

/** The same for who posts a file that is a table. */
export async function admittedToPost(
  options: FileOptions,
  call: FileCall,
  scopes: Scopes,
): Promise<Context | Response> {
  return refuseForm(call.request, call.requestId) ?? admitted(options, call, scopes);
}

/** A file as it was sent: its name as the caller gives it, at most 200 characters. */
export interface SentFile {
  readonly name: string;
  readonly content: BunFile;
}

/**
 * Takes the body to disk, lets `read` have it, and removes it. The answer to a file that is too long is 413, to one
 * that stops arriving 408; a process that stops meanwhile says so with 503, and the same file goes on where it stopped.
 */
export async function withFile(
  { dir, id, leaving, timers, pace = slowest, maxBytes = 2 ** 31 }: FileOptions,
  { request, requestId, server, url }: FileCall,
  usualName: string,
  read: (file: SentFile) => Promise<Response>,
): Promise<Response> {
  server.timeout(request, 0); // it has a pace to keep, and while the rows are written nothing moves on the line
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, id());
  const name = (url.searchParams.get("name") ?? usualName).replaceAll("\0", "").slice(0, 200).toWellFormed();
  const work = async () => {
    const fault = await keepBody(request, path, { maxBytes, pace, timers });
    if (fault === "too long") return problem(413, "TOO_LARGE", `The file is longer than ${maxBytes} bytes.`, requestId);
    if (fault === "too slow")
      return problem(408, "REQUEST_TIMEOUT", `${tooSlow(pace)}; send it again.`, requestId, { connection: "close" });
    return read({ name, content: Bun.file(path) });
  };
  try {
    return await untilLeaving(work(), { leaving, timers, requestId });
  } finally {
    await rm(path, { force: true });
  }
}

const tooSlow = ({ bytes, ms }: Pace) => `The file stopped arriving: less than ${bytes} bytes came in ${ms / 1_000} s`;

export const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const tables = /^(text\/csv|application\/vnd\.openxmlformats-officedocument\.spreadsheetml\.sheet) *(;|$)/i;

/** The answer to what is not a file of rows that was posted; nothing when it may go on. */
function refuseForm(request: Request, requestId: string): Response | undefined {
  if (request.method !== "POST")
    return problem(405, "METHOD_NOT_ALLOWED", "Send the file with POST.", requestId, { allow: "POST" });
  // Not a type that other sites may post without asking first.
  if (tables.test(request.headers.get("content-type") ?? "")) return undefined;
  const message = `Send the file itself: Content-Type: text/csv, or ${workbookType} for a workbook (.xlsx).`;
  return problem(415, "UNSUPPORTED_MEDIA_TYPE", message, requestId);
}

/** What headings mean, as `heading=Nr=externalId` says, repeated. */
export function headingsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.lastIndexOf("=");
      return [pair.slice(0, Math.max(0, at)), pair.slice(at + 1)];
    }),
  );
}

/** A verb's refusal, in the shape of GraphQL's errors. */
export function refusedWith(refusal: Refusal, requestId: string): Response {
  const status = { NOT_FOUND: 404, CONFLICT: 409 }[refusal.code as string] ?? 422;
  return Response.json({ errors: [{ message: refusal.message, extensions: { ...refusal, requestId } }] }, { status });
}
