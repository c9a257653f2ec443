import type { Context } from "../../context.ts";
import { poolFaults } from "../../coupon/code/pool.ts";
import { exportCodes } from "../../coupon/code/pool-export.ts";
import type { CodePool } from "../../coupon/code/pool-table.ts";
import { uploadCodes } from "../../coupon/code/pool-upload.ts";
import { isRefusal } from "../../errors.ts";
import { globalId, rowOf } from "../../ids.ts";
import { csvFile } from "../files/download.ts";
import {
  admitted,
  admittedToPost,
  type FileCall,
  type FileOptions,
  fileCall,
  refusedWith,
  withFile,
} from "../files/upload.ts";
import { finished, problem } from "../server/http-error.ts";
import type { Handler } from "../server/server.ts";
import { exporters } from "./code-export.ts";

const uploaders = { role: "editor" } as const;
/** Longest file of codes, in bytes. */
const maxBytes = 2 ** 28;

/**
 * Makes the handler of `POST /code-pools?template=<id>&name=codes.csv` with `text/csv`, or the type of XLSX, which
 * makes a pool of the codes in the file and answers what became of it as JSON (`encoding=gb18030` says how it is
 * encoded, where that is known), and of `GET /code-pools/<id>/codes.csv`, which takes a pool's codes out. After a
 * crash the same file, sent again, goes on where it stopped.
 */
export function createCodeFiles(given: FileOptions): Handler {
  const options = { maxBytes, ...given };
  return async (request, server) => {
    const call = fileCall(given, request, server);
    return finished(await answer(options, call), call.requestId);
  };
}

async function answer(options: FileOptions, call: FileCall): Promise<Response> {
  const { pathname } = call.url;
  const [, pool] = /^\/code-pools\/([^/]+)\/codes\.csv$/.exec(pathname) ?? [];
  const row = pool === undefined ? undefined : rowOf("CodePool", pool.replaceAll("%3D", "="));
  if (row !== undefined) return download(options, call, row);
  if (pathname === "/code-pools") return upload(options, call);
  return problem(404, "NOT_FOUND", "There is nothing at this address.", call.requestId);
}

async function upload(options: FileOptions, call: FileCall): Promise<Response> {
  const { requestId, url } = call;
  const ctx = await admittedToPost(options, call, uploaders);
  if (ctx instanceof Response) return ctx;
  const template = rowOf("CouponTemplate", url.searchParams.get("template") ?? "");
  if (template === undefined) return problem(400, "INVALID_INPUT", "Name the template: ?template=<its id>", requestId);
  return withFile(options, call, "codes.csv", async (file) => {
    const pool = await uploadCodes(ctx, template, file, url.searchParams.get("encoding") ?? undefined);
    return isRefusal(pool) ? refusedWith(pool, requestId) : Response.json({ pool: await report(ctx, pool) });
  });
}

async function download(options: FileOptions, call: FileCall, pool: number): Promise<Response> {
  const { request, requestId, server } = call;
  if (request.method !== "GET")
    return problem(405, "METHOD_NOT_ALLOWED", "Take the file with GET.", requestId, { allow: "GET" });
  const ctx = await admitted(options, call, exporters);
  if (ctx instanceof Response) return ctx;
  const taken = await exportCodes(ctx, pool);
  if (isRefusal(taken)) return refusedWith(taken, requestId);
  server.timeout(request, 0);
  return csvFile(`codes-${pool}.csv`, taken.csv);
}

async function report(ctx: Context, { id, state, file, made, rows, refused, ...pool }: CodePool) {
  const { encoding, encodingGuessed } = pool;
  const firstFaults = await poolFaults(ctx, id, 100);
  const sums = { rows, codes: made, refused, firstFaults };
  return { id: globalId("CodePool", id), state, file, encoding, encodingGuessed, ...sums };
}
