import { takeReport } from "../../distribution/report.ts";
import { reportCsv, reportXlsx } from "../../distribution/report-file.ts";
import { isRefusal } from "../../errors.ts";
import { globalId, rowOf } from "../../ids.ts";
import { languages } from "../../language.ts";
import { preferredLanguage } from "../../web/language.ts";
import { csvFile } from "../files/download.ts";
import { admitted, type FileCall, type FileOptions, fileCall, refusedWith } from "../files/upload.ts";
import { finished, problem } from "../server/http-error.ts";
import type { Handler } from "../server/server.ts";

/** Whoever may send such a file may have back what of it failed. */
export const reporters = { role: "editor" } as const;

export const reportForms = ["csv", "xlsx"] as const;
type ReportForm = (typeof reportForms)[number];

/** Where a distribution's report can be taken. */
export function reportPath(distribution: number, form: ReportForm): string {
  return `/distributions/${encodeURIComponent(globalId("Distribution", distribution))}/report.${form}`;
}

/**
 * Makes the handler of `GET /distributions/<id>/report.csv` and `report.xlsx`: the rows that failed. In the language
 * that the caller prefers, or `language=zh`.
 */
export function createDistributionReport(options: FileOptions): Handler {
  return async (request, server) => {
    const call = fileCall(options, request, server);
    const report = reportNamed(call.url.pathname);
    const answer = report
      ? await sendReport(options, call, report)
      : problem(404, "NOT_FOUND", "There is nothing at this address.", call.requestId);
    return finished(answer, call.requestId);
  };
}

/** The report that a path names; undefined where it names none. */
export function reportNamed(pathname: string) {
  const [, name = "", form] = /^\/distributions\/([^/]+)\/report\.(csv|xlsx)$/.exec(pathname) ?? [];
  const id = rowOf("Distribution", name.replaceAll("%3D", "="));
  return id === undefined ? undefined : { id, form: form as ReportForm };
}

/** The answer that is a report. */
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
