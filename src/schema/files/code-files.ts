import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { encodeGlobalID } from "@pothos/plugin-relay";
import type { Actor, Context } from "../../context.ts";
import { poolFaults } from "../../coupon/code/pool.ts";
import { exportCodes } from "../../coupon/code/pool-export.ts";
import type { CodePool } from "../../coupon/code/pool-table.ts";
import { uploadCodes } from "../../coupon/code/pool-upload.ts";
import { isRefusal, type Refusal } from "../../errors.ts";
import type { SignIn } from "../../operations/sign-in.ts";
import { templateRowId } from "../coupon/template-id.ts";
import { denial, mayPass, type Scopes } from "../kit/scopes.ts";
import { finished, problem, requestIdOf } from "../server/http-error.ts";
import { actorOrFault } from "../server/request-guard.ts";
import type { Handler, HttpServer } from "../server/server.ts";
import { kept, refuseForm } from "./import-upload.ts";

export interface CodeFilesOptions {
  readonly signIn: (request: Request) => Promise<SignIn>;
  readonly contextFor: (actor: Actor) => Context;
  /** Where a file stays while it is read. */
  readonly dir: string;
  /** Longest file, in bytes. */
  readonly maxBytes?: number;
}

const uploaders = { role: "editor" } as const;
/** Whoever has a pool's codes can give them away. */
export const exporters = { role: "admin" } as const;

/** Where a pool's codes can be taken out. */
export function exportPath(pool: number): string {
  return `/code-pools/${pool}/codes.csv`;
}

/**
 * Makes the handler of `POST /code-pools?template=<id>&name=codes.csv` with `text/csv`, which makes a pool of the codes in the file and answers
 * what became of it as JSON, and of `GET /code-pools/<pool>/codes.csv`, which takes a pool's codes out. After a crash the same file, sent
 * again, goes on where it stopped.
 */
export function createCodeFiles(options: CodeFilesOptions): Handler {
  return async (request, server) => {
    const requestId = requestIdOf(request);
    const call = { request, requestId, server, url: new URL(request.url) };
    const [, pool] = /^\/code-pools\/([1-9]\d{0,14})\/codes\.csv$/.exec(call.url.pathname) ?? [];
    if (pool !== undefined) return finished(await download(options, call, Number(pool)), requestId);
    if (call.url.pathname === "/code-pools") return finished(await upload(options, call), requestId);
    return finished(problem(404, "NOT_FOUND", "There is nothing at this address.", requestId), requestId);
  };
}

interface Call {
  readonly request: Request;
  readonly requestId: string;
  readonly server: HttpServer;
  readonly url: URL;
}

async function upload(options: CodeFilesOptions, call: Call): Promise<Response> {
  const { request, requestId, server, url } = call;
  const { dir, maxBytes = 2 ** 28, contextFor } = options;
  const refused = refuseForm(request, requestId);
  if (refused) return refused;
  const actor = await allowed(options, call, uploaders);
  if (actor instanceof Response) return actor;
  const template = readTemplateId(url.searchParams.get("template") ?? "");
  if (template === undefined) return problem(400, "INVALID_INPUT", "Name the template: ?template=<its id>", requestId);
  server.timeout(request, 0); // while the codes are written nothing moves on the line
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${Bun.randomUUIDv7()}.csv`);
  try {
    if (!(await kept(request, path, maxBytes)))
      return problem(413, "TOO_LARGE", `The file is longer than ${maxBytes} bytes.`, requestId);
    const name = (url.searchParams.get("name") ?? "codes.csv").replaceAll("\0", "").slice(0, 200).toWellFormed();
    const ctx = contextFor(actor);
    const pool = await uploadCodes(ctx, template, { name, content: Bun.file(path) });
    return isRefusal(pool) ? refusedWith(pool, requestId) : Response.json({ pool: await report(ctx, pool) });
  } finally {
    await rm(path, { force: true });
  }
}

function readTemplateId(id: string): number | undefined {
  try {
    return templateRowId(id);
  } catch {
    return undefined;
  }
}

async function download({ contextFor, ...options }: CodeFilesOptions, call: Call, pool: number): Promise<Response> {
  const { request, requestId, server } = call;
  if (request.method !== "GET")
    return problem(405, "METHOD_NOT_ALLOWED", "Take the file with GET.", requestId, { allow: "GET" });
  const actor = await allowed({ contextFor, ...options }, call, exporters);
  if (actor instanceof Response) return actor;
  const taken = await exportCodes(contextFor(actor), pool);
  if (isRefusal(taken)) return refusedWith(taken, requestId);
  server.timeout(request, 0);
  const headers = {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="codes-${pool}.csv"`,
  };
  return new Response(bytesOf(taken.csv), { headers });
}

/** Read as fast as the client takes it. */
function bytesOf(texts: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = texts[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: async () => void (await iterator.return?.()),
  });
}

async function allowed({ signIn }: CodeFilesOptions, call: Call, scopes: Scopes): Promise<Actor | Response> {
  const actor = actorOrFault(await signIn(call.request), call.requestId);
  if (actor instanceof Response || mayPass(actor, scopes)) return actor;
  const { code, message } = denial(actor, scopes, `${call.request.method} /code-pools`);
  return problem(code === "FORBIDDEN" ? 403 : 401, code, message, call.requestId);
}

function refusedWith(refusal: Refusal, requestId: string): Response {
  const status = { NOT_FOUND: 404, CONFLICT: 409 }[refusal.code as string] ?? 422;
  return Response.json({ errors: [{ message: refusal.message, extensions: { ...refusal, requestId } }] }, { status });
}

async function report(ctx: Context, { id, state, file, made, rows, refused }: CodePool) {
  const firstFaults = await poolFaults(ctx, id, 100);
  return { id: encodeGlobalID("CodePool", id), state, file, rows, codes: made, refused, firstFaults };
}
