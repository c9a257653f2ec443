import type { Context } from "../../context.ts";
import { type Issue, isRefusal, refuse } from "../../errors.ts";
import { rowOf } from "../../ids.ts";
import { subjectOf } from "../../transition/audit.ts";
import { exportAudit } from "../../transition/audit-export.ts";
import type { AuditFilter } from "../../transition/audit-list.ts";
import { nounOfType } from "../../transition/subject.ts";
import { readMoment } from "../../value/date.ts";
import { isUnfit } from "../../value/value.ts";
import { csvFile } from "../files/download.ts";
import { admitted, type FileCall, type FileOptions, fileCall, refusedWith } from "../files/upload.ts";
import { finished, problem } from "../server/http-error.ts";
import type { Handler } from "../server/server.ts";

/**
 * Makes the handler of `GET /audit/entries.csv`, which takes the audit out as CSV, for admins: those of a shop get the
 * shop's. It takes what the query `audit` takes, as parameters of the same names.
 */
export function createAuditFile(options: FileOptions): Handler {
  return async (request, server) => {
    const call = fileCall(options, request, server);
    return finished(await answer(options, call), call.requestId);
  };
}

async function answer(options: FileOptions, call: FileCall): Promise<Response> {
  const { request, requestId, server, url } = call;
  if (url.pathname !== "/audit/entries.csv")
    return problem(404, "NOT_FOUND", "There is nothing at this address.", requestId);
  if (request.method !== "GET")
    return problem(405, "METHOD_NOT_ALLOWED", "Take the file with GET.", requestId, { allow: "GET" });
  const ctx = await admitted(options, call, { role: "admin" });
  if (ctx instanceof Response) return ctx;
  const filter = filterOf(ctx, url.searchParams);
  if (isRefusal(filter)) return refusedWith(filter, requestId);
  const csv = await exportAudit(ctx, filter);
  server.timeout(request, 0);
  return csvFile("audit.csv", csv);
}

const names = [
  "subjectId",
  "kind",
  "operatorId",
  "tokenId",
  "shop",
  "actorShop",
  "actorKind",
  "what",
  "since",
  "until",
  "reason",
];
const actorKinds = ["operator", "service", "member", "system", "anonymous"] as const;

/** What the parameters mean. One that is not understood is a fault: without it too much would be let through. */
function filterOf(ctx: Context, said: URLSearchParams) {
  const faults = faultsOfForm(said);
  const read = <T>(name: string, what: string, take: (text: string) => T | undefined): T | undefined => {
    const text = said.get(name);
    if (text === null) return undefined;
    const taken = take(text);
    if (taken === undefined) faults.push({ path: name, message: `is no ${what}` });
    return taken;
  };
  const moment = (text: string) => {
    const ms = readMoment(text);
    return isUnfit(ms) ? undefined : ms;
  };
  const filter: AuditFilter = {
    subject: read("subjectId", "id of what has a history", (text) => subjectOfText(ctx, text)),
    noun: read("kind", "kind of thing that has a history", (text) => nounOfText(ctx, text)),
    operator: read("operatorId", "id of an operator", (text) => rowOf("Operator", text)),
    token: read("tokenId", "id of a token", (text) => rowOf("AccessToken", text)),
    shop: said.get("shop") ?? undefined,
    actorShop: said.get("actorShop") ?? undefined,
    actorKind: read("actorKind", "kind of caller", (text) => actorKinds.find((kind) => kind === text.toLowerCase())),
    what: said.get("what")?.trim() || undefined,
    since: read("since", "moment, such as 2026-11-11T08:00:00Z", moment),
    until: read("until", "moment, such as 2026-11-11T08:00:00Z", moment),
  };
  return faults.length > 0 ? refuse.invalid(faults) : filter;
}

/** What is wrong with them, whatever they mean. */
function faultsOfForm(said: URLSearchParams): Issue[] {
  return [...new Set(said.keys())].flatMap((path) => {
    if (!names.includes(path)) return [{ path, message: "is no parameter of this file" }];
    return said.getAll(path).length > 1 ? [{ path, message: "is given more than once" }] : [];
  });
}

function subjectOfText({ domains }: Context, id: string): string | undefined {
  const [type = ""] = Buffer.from(id, "base64").toString().split(":");
  const [noun, row] = [nounOfType(domains, type), rowOf(type, id)];
  return noun === undefined || row === undefined ? undefined : subjectOf(noun, row);
}

function nounOfText({ domains }: Context, kind: string): string | undefined {
  const noun = kind.toLowerCase().replaceAll("_", "-");
  return domains.some(({ subjects = {} }) => Object.hasOwn(subjects, noun)) ? noun : undefined;
}
