import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { importMembers } from "../../member/import.ts";
import { type ImportTask, importFaults } from "../../member/import-task.ts";
import {
  admittedToPost,
  type FileCall,
  type FileOptions,
  fileCall,
  headingsOf,
  refusedWith,
  withFile,
} from "../files/upload.ts";
import { finished } from "../server/http-error.ts";
import type { Handler } from "../server/server.ts";

const uploaders = { platform: "editor", service: "members:write" } as const;

/**
 * Makes the handler of `POST /imports?name=members.csv` with `text/csv`, or the type of XLSX: takes the file to disk,
 * imports it and answers what became of it as JSON. `heading=Nr=externalId`, repeated, says what a heading means,
 * `encoding=gb18030` how the file is encoded where that is known. After a crash the same file, sent again, goes on
 * where it stopped.
 */
export function createImportUpload(options: FileOptions): Handler {
  return async (request, server) => {
    const call = fileCall(options, request, server);
    return finished(await upload(options, call), call.requestId);
  };
}

async function upload(options: FileOptions, call: FileCall): Promise<Response> {
  const { requestId, url } = call;
  const ctx = await admittedToPost(options, call, uploaders);
  if (ctx instanceof Response) return ctx;
  return withFile(options, call, "members.csv", async (file) => {
    const names = headingsOf(url.searchParams.getAll("heading"));
    const task = await importMembers(ctx, file, { names, encoding: url.searchParams.get("encoding") ?? undefined });
    return isRefusal(task) ? refusedWith(task, requestId) : Response.json({ import: await report(ctx, task) });
  });
}

async function report(ctx: Context, { digest: _, startedAt, updatedAt, ...task }: ImportTask) {
  const times = { startedAt: new Date(startedAt), updatedAt: new Date(updatedAt) };
  return { ...task, ...times, firstFaults: await importFaults(ctx, task.id, 100) };
}
