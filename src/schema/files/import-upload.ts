import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Actor, Context } from "../../context.ts";
import { isRefusal, type Refusal } from "../../errors.ts";
import { importMembers } from "../../member/import.ts";
import { type ImportTask, importFaults } from "../../member/import-task.ts";
import type { SignIn } from "../../operations/sign-in.ts";
import { denial, mayPass } from "../kit/scopes.ts";
import { finished, problem, requestIdOf } from "../server/http-error.ts";
import { actorOrFault } from "../server/request-guard.ts";
import type { Handler } from "../server/server.ts";

export interface ImportUploadOptions {
  readonly signIn: (request: Request) => Promise<SignIn>;
  readonly contextFor: (actor: Actor) => Context;
  /** Where a file stays while it is imported. */
  readonly dir: string;
  /** Longest file, in bytes; `Bun.serve` must let as much through. */
  readonly maxBytes?: number;
}

const uploaders = { role: "editor", service: "members:write" } as const;

/**
 * Makes the handler of `POST /imports?name=members.csv` with `text/csv`: takes the file to disk, imports it and answers what
 * became of it as JSON. `heading=Nr=externalId`, repeated, says what a heading means. After a crash the same file, sent
 * again, goes on where it stopped.
 */
export function createImportUpload(options: ImportUploadOptions): Handler {
  return async (request, server) => {
    const requestId = requestIdOf(request);
    return finished(await upload(options, request, server, requestId), requestId);
  };
}

async function upload(
  { signIn, contextFor, dir, maxBytes = 2 ** 31 }: ImportUploadOptions,
  request: Request,
  server: Bun.Server<unknown>,
  requestId: string,
): Promise<Response> {
  const refused = refuseForm(request, requestId);
  if (refused) return refused;
  const actor = actorOrFault(await signIn(request), requestId);
  if (actor instanceof Response) return actor;
  if (!mayPass(actor, uploaders)) return denied(actor, requestId);
  server.timeout(request, 0); // while the rows are written nothing moves on the line
  const { searchParams } = new URL(request.url);
  await mkdir(dir, { recursive: true });
  const path = join(dir, `${Bun.randomUUIDv7()}.csv`);
  try {
    if (!(await kept(request, path, maxBytes)))
      return problem(413, "TOO_LARGE", `The file is longer than ${maxBytes} bytes.`, requestId);
    const name = (searchParams.get("name") ?? "members.csv").replaceAll("\0", "").slice(0, 200).toWellFormed();
    const file = { name, content: Bun.file(path) };
    const names = headingsOf(searchParams.getAll("heading"));
    return await answer(contextFor(actor), await importMembers(contextFor(actor), file, { names }), requestId);
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

function denied(actor: Actor, requestId: string): Response {
  const { code, message } = denial(actor, uploaders, "POST /imports");
  return problem(code === "FORBIDDEN" ? 403 : 401, code, message, requestId);
}

/** Writes the body to a file, never more than a chunk of it in memory; false when it is too long. */
export async function kept(request: Request, path: string, maxBytes: number): Promise<boolean> {
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

function headingsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.lastIndexOf("=");
      return [pair.slice(0, Math.max(0, at)), pair.slice(at + 1)];
    }),
  );
}

async function answer(ctx: Context, outcome: ImportTask | Refusal, requestId: string): Promise<Response> {
  if (isRefusal(outcome)) {
    const extensions = { ...outcome, requestId };
    return Response.json(
      { errors: [{ message: outcome.message, extensions }] },
      { status: outcome.code === "CONFLICT" ? 409 : 422 },
    );
  }
  const { digest: _, startedAt, updatedAt, ...task } = outcome;
  const times = { startedAt: new Date(startedAt), updatedAt: new Date(updatedAt) };
  return Response.json({ import: { ...task, ...times, firstFaults: await importFaults(ctx, task.id, 100) } });
}
