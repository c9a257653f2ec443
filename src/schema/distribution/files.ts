import type { Distribution } from "../../distribution/distribution.ts";
import { mostBytes, type UploadFacts, uploadDistribution } from "../../distribution/upload.ts";
import { openUpload, takeUpload, uploadPath } from "../../distribution/upload-address.ts";
import { isRefusal } from "../../errors.ts";
import { globalId, rowOf } from "../../ids.ts";
import { actorOfTokenId } from "../../operations/sign-in.ts";
import {
  admittedToPost,
  type FileCall,
  type FileOptions,
  fileCall,
  headingsOf,
  refusedWith,
  withFile,
} from "../files/upload.ts";
import { denial, mayPass } from "../kit/scopes.ts";
import { finished, problem } from "../server/http-error.ts";
import { refuseTooOften } from "../server/request-guard.ts";
import type { Handler } from "../server/server.ts";
import { reportNamed, sendReport } from "./report.ts";

const uploaders = { role: "editor" } as const;

/**
 * Makes the handler of what is done with files of distributions: `POST /distributions?template=<id>&name=members.csv`,
 * with an operator's token, and the signed addresses of `createDistributionUpload`, without one. Both answer the
 * distribution as JSON; it is read and checked in the background. And of `GET /distributions/<id>/report.csv` and
 * `report.xlsx`, the rows that failed.
 *
 * Of the first, `heading=Nr=externalId`, repeated, says what a heading means, `encoding=gb18030` how the file is
 * encoded where that is known, `follows=<id>` whose report was corrected, `channels=IN_APP,EMAIL` how members are told.
 */
export function createDistributionFiles(given: FileOptions): Handler {
  const options = { maxBytes: mostBytes, ...given };
  return async (request, server) => {
    const call = fileCall(options, request, server);
    return finished(await answer(options, call), call.requestId);
  };
}

async function answer(options: FileOptions, call: FileCall): Promise<Response> {
  const { pathname } = call.url;
  const report = reportNamed(pathname);
  if (report) return sendReport(options, call, report);
  if (pathname === "/distributions") return upload(options, call);
  if (pathname.startsWith(uploadPath)) return fromAnywhere(await takeSigned(options, call));
  return problem(404, "NOT_FOUND", "There is nothing at this address.", call.requestId);
}

async function upload(options: FileOptions, call: FileCall): Promise<Response> {
  const { requestId, url } = call;
  const ctx = await admittedToPost(options, call, uploaders);
  if (ctx instanceof Response) return ctx;
  const facts = factsIn(url.searchParams);
  if (typeof facts === "string") return problem(400, "INVALID_INPUT", facts, requestId);
  return withFile(options, call, "members.csv", async (file) =>
    answered(await uploadDistribution(ctx, file, facts), requestId),
  );
}

/** What the address says of the file, or what is wrong with that. Fields and channels are the verb's to check. */
function factsIn(params: URLSearchParams): UploadFacts | string {
  const template = rowOf("CouponTemplate", params.get("template") ?? "");
  if (template === undefined) return "Name the template: ?template=<its id>";
  const followed = params.get("follows");
  const follows = followed === null ? undefined : rowOf("Distribution", followed);
  if (followed !== null && follows === undefined) return "follows=<id> takes the id of a distribution";
  const channels = params.getAll("channels").flatMap((list) => list.split(",").filter((name) => name !== ""));
  return {
    template,
    names: headingsOf(params.getAll("heading")),
    encoding: params.get("encoding") ?? undefined,
    follows,
    notice: channels.length > 0 ? { channels } : undefined,
  } as UploadFacts;
}

async function takeSigned(options: FileOptions, call: FileCall): Promise<Response> {
  const { request, requestId, server, url } = call;
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: preflight });
  if (request.method !== "PUT" && request.method !== "POST")
    return problem(405, "METHOD_NOT_ALLOWED", "Send the file with PUT or POST.", requestId, { allow: "PUT, POST" });
  if (/^multipart\//i.test(request.headers.get("content-type") ?? ""))
    return problem(415, "UNSUPPORTED_MEDIA_TYPE", "Send the file itself, not a form.", requestId);
  const refused = await refuseTooOften(options.limitRequest, "link", options.addressOf(request, server), requestId);
  if (refused) return refused;
  const anyone = options.contextFor({ kind: "anonymous" });
  const found = await openUpload(anyone, url.pathname.slice(uploadPath.length));
  if (isRefusal(found)) return refusedWith(found, requestId);
  const actor = await actorOfTokenId(anyone, found.token);
  if (!actor) return problem(403, "FORBIDDEN", "The token with which this address was made was revoked.", requestId);
  if (!mayPass(actor, uploaders))
    return problem(403, "FORBIDDEN", denial(actor, uploaders, "PUT /distributions").message, requestId);
  return withFile(options, call, found.name, async (file) =>
    answered(await takeUpload(options.contextFor(actor), found, file), requestId),
  );
}

/** The address itself is the credential, and no page has it but by the operator: any origin may use it. */
function fromAnywhere(response: Response): Response {
  response.headers.set("access-control-allow-origin", "*");
  return response;
}

const preflight = {
  "access-control-allow-methods": "PUT, POST",
  "access-control-allow-headers": "content-type, x-request-id",
  "access-control-max-age": "7200",
};

type Uploaded = Awaited<ReturnType<typeof uploadDistribution>>;

function answered(made: Uploaded, requestId: string): Response {
  return isRefusal(made) ? refusedWith(made, requestId) : Response.json({ distribution: told(made) });
}

function told({ id, template, follows, state, file, digest, bytes, createdAt }: Distribution) {
  return {
    id: globalId("Distribution", id),
    template: globalId("CouponTemplate", template),
    follows: follows === null ? null : globalId("Distribution", follows),
    state,
    file,
    digest,
    bytes,
    createdAt: new Date(createdAt),
  };
}
