import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BunFile } from "bun";
import type { Actor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import type { Refusal } from "../../errors.ts";
import type { SignIn } from "../../operations/sign-in.ts";
import { denial, mayPass, type Scopes } from "../kit/scopes.ts";
import { problem, requestIdOf } from "../server/http-error.ts";
import { actorOrFault } from "../server/request-guard.ts";
import type { HttpServer } from "../server/server.ts";

/** What addresses for files are given when they are made. */
export interface FileOptions {
  readonly signIn: (request: Request) => Promise<SignIn>;
  readonly contextFor: (actor: Actor) => Context;
  /** Names the files, and the requests that have no id of their own. */
  readonly id: () => string;
  /** Where a file stays while it is read. */
  readonly dir: string;
  /** Longest file, in bytes; `Bun.serve` must let as much through. */
  readonly maxBytes?: number;
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

/** The caller's context, where it may do this; else the answer that says why not. */
export async function admitted(
  { signIn, contextFor }: FileOptions,
  { request, requestId, url }: FileCall,
  scopes: Scopes,
): Promise<Context | Response> {
  const actor = actorOrFault(await signIn(request), requestId);
  if (actor instanceof Response) return actor;
  if (mayPass(actor, scopes)) return contextFor(actor);
  const { code, message } = denial(actor, scopes, `${request.method} /${url.pathname.split("/")[1]}`);
  return problem(code === "FORBIDDEN" ? 403 : 401, code, message, requestId);
}

/** A file as it was sent: its name as the caller gives it, at most 200 characters. */
export interface SentFile {
  readonly name: string;
  readonly content: BunFile;
}

/** Takes the body to disk, lets `read` have it, and removes it. The answer to a file that is too long is 413. */
export async function withFile(
  { dir, id, maxBytes = 2 ** 31 }: FileOptions,
  { request, requestId, server, url }: FileCall,
  usualName: string,
  read: (file: SentFile) => Promise<Response>,
): Promise<Response> {
  server.timeout(request, 0); // while the rows are written nothing moves on the line
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${id()}.csv`);
  try {
    if (!(await kept(request, path, maxBytes)))
      return problem(413, "TOO_LARGE", `The file is longer than ${maxBytes} bytes.`, requestId);
    const name = (url.searchParams.get("name") ?? usualName).replaceAll("\0", "").slice(0, 200).toWellFormed();
    return await read({ name, content: Bun.file(path) });
  } finally {
    await rm(path, { force: true });
  }
}

/** The answer to what is not a file of text that was posted; nothing when it may go on. */
export function refuseForm(request: Request, requestId: string): Response | undefined {
  if (request.method !== "POST")
    return problem(405, "METHOD_NOT_ALLOWED", "Send the file with POST.", requestId, { allow: "POST" });
  // Not a type that other sites may post without asking first.
  if (/^text\/csv *(;|$)/i.test(request.headers.get("content-type") ?? "")) return undefined;
  return problem(415, "UNSUPPORTED_MEDIA_TYPE", "Send the file itself: Content-Type: text/csv.", requestId);
}

/** A verb's refusal, in the shape of GraphQL's errors. */
export function refusedWith(refusal: Refusal, requestId: string): Response {
  const status = { NOT_FOUND: 404, CONFLICT: 409 }[refusal.code as string] ?? 422;
  return Response.json({ errors: [{ message: refusal.message, extensions: { ...refusal, requestId } }] }, { status });
}

/** Writes the body to a file, never more than a chunk of it in memory; false when it is too long. */
async function kept(request: Request, path: string, maxBytes: number): Promise<boolean> {
  const sink = Bun.file(path).writer();
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) return false;
      sink.write(chunk);
      await sink.flush();
    }
    return true;
  } finally {
    await sink.end();
  }
}
