import { takeReport } from "../../distribution/report.ts";
import { reportCsv, reportXlsx } from "../../distribution/report-file.ts";
import { isRefusal } from "../../errors.ts";
import { globalId, rowOf } from "../../ids.ts";
import { languages } from "../../language.ts";
import { preferredLanguage } from "../../web/language.ts";
import { csvFile } from "../files/download.ts";
import { admitted, type FileCall, type FileOptions, refusedWith } from "../files/upload.ts";
import { problem } from "../server/http-error.ts";

/** Whoever may send such a file may have back what of it failed. */
export const reporters = { role: "editor" } as const;

export const reportForms = ["csv", "xlsx"] as const;
type ReportForm = (typeof reportForms)[number];

/** Where a distribution's report can be taken. */
export function reportPath(distribution: number, form: ReportForm): string {
  return `/distributions/${encodeURIComponent(globalId("Distribution", distribution))}/report.${form}`;
}

/** The report that a path names; undefined where it names none. */
export function reportNamed(pathname: string) {
  const [, name = "", form] = /^\/distributions\/([^/]+)\/report\.(csv|xlsx)$/.exec(pathname) ?? [];
  const id = rowOf("Distribution", name.replaceAll("%3D", "="));
  return id === undefined ? undefined : { id, form: form as ReportForm };
}

/** The answer that is a report, in the language that the caller prefers, or that `language` says. */
export async function sendReport(
  options: FileOptions,
  call: FileCall,
  { id, form }: { readonly id: number; readonly form: ReportForm },
): Promise<Response> {
  const { request, requestId, server, url } = call;
  if (request.method !== "GET")
    return problem(405, "METHOD_NOT_ALLOWED", "Take the file with GET.", requestId, { allow: "GET" });
  const ctx = await admitted(options, call, reporters);
  if (ctx instanceof Response) return ctx;
  const asked = languages.find((one) => one === url.searchParams.get("language"));
  const language = asked ?? preferredLanguage(request.headers.get("accept-language"));
  const report = await takeReport(ctx, { id, language });
  if (isRefusal(report)) return refusedWith(report, requestId);
  server.timeout(request, 0);
  const name = `distribution-${id}-${report.isPrediction ? "prediction" : "report"}.${form}`;
  return form === "csv" ? csvFile(name, reportCsv(report)) : workbook(name, await reportXlsx(report));
}

function workbook(name: string, bytes: ReadableStream<Uint8Array>): Response {
  const headers = {
    "content-type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "content-disposition": `attachment; filename="${name}"`,
  };
  return new Response(bytes, { headers });
}
