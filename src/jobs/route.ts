import { z } from "zod";
import { withoutNulls } from "../foreign-json.ts";
import { countJob } from "../operations/metrics.ts";
import { readText } from "../web/body.ts";
import type { JobContext, JobResult } from "./job.ts";
import { signatureFault } from "./signature.ts";

/** The largest message that the queue takes. */
const bodyLimit = 1_048_576;

/**
 * Answers `POST /jobs/<name>`: checks the signature over the raw body for exactly this address, then runs the job. 2xx
 * = done,
 * 503 with `Retry-After` = again later, 489 = never (straight to the dead letters), 4xx = not from our queue.
 */
export async function handleJob(ctx: JobContext, name: string, request: Request): Promise<Response> {
  if (request.method !== "POST") return refuse(405, "jobs are called with POST");
  const read = await readText(request, { maxBytes: bodyLimit, timers: ctx.timers });
  if (read === "too long") return refuse(413, "the message is larger than 1 MiB");
  if (read === "too slow") return refuse(408, "the message did not arrive in time", { connection: "close" });
  const body = read.text;
  const { jobsUrl, ownUrl } = ctx.queue.settings;
  const urls = [`${jobsUrl}/${name}`, ...(ownUrl === undefined ? [] : [`${ownUrl}/${name}`])] as const;
  const fault = await signatureFault(ctx, { signature: request.headers.get("upstash-signature"), body, urls });
  if (fault) return refuse(401, fault);
  if (name === "failed") return handleFailure(ctx, body);
  const job = ctx.jobs.byName.get(name);
  if (!job) return refuse(404, "there is no such job");
  const payload = parseJson(body);
  return runJob(ctx, job.name, request, () => job.run(ctx, payload));
}

async function runJob(
  ctx: JobContext,
  name: string,
  request: Request,
  run: () => Promise<JobResult>,
): Promise<Response> {
  const message = request.headers.get("upstash-message-id");
  const retried = Number(request.headers.get("upstash-retried") ?? 0);
  const began = performance.now();
  const count = (result: JobResult["kind"] | "error") => countJob(name, result, (performance.now() - began) / 1000);
  try {
    const result = await run();
    const ms = Math.round(performance.now() - began);
    count(result.kind);
    ctx.log(result.kind === "reject" ? "error" : "debug", "job", {
      job: name,
      message,
      retried,
      result: result.kind,
      ms,
    });
    return answer(result);
  } catch (error) {
    count("error");
    ctx.log("error", "job.failed", { job: name, message, retried, error: describe(error) });
    return refuse(500, "the job failed and may be tried again");
  }
}

function answer(result: JobResult): Response {
  switch (result.kind) {
    case "done":
      return Response.json({ done: true });
    case "retry":
      return refuse(503, result.reason, { "retry-after": String(result.afterSeconds) });
    case "reject":
      return refuse(489, result.reason, { "upstash-nonretryable-error": "true" });
  }
}

const FailureCallback = z.object({ url: z.string(), sourceBody: z.string() });

/** The queue has given a message up: marks its work as parked, so that nothing waits for it. */
async function handleFailure(ctx: JobContext, body: string): Promise<Response> {
  const parsed = FailureCallback.safeParse(withoutNulls(parseJson(body)));
  const job = parsed.success ? ctx.jobs.byName.get(parsed.data.url.split("/").at(-1) ?? "") : undefined;
  if (!parsed.success || !job) return refuse(489, "not a failure of ours", { "upstash-nonretryable-error": "true" });
  try {
    await job.park(ctx, parseJson(Buffer.from(parsed.data.sourceBody, "base64").toString()));
    ctx.log("warn", "job.parked", { job: job.name });
    return Response.json({ parked: true });
  } catch (error) {
    ctx.log("error", "job.failed", { job: "failed", error: describe(error) });
    return refuse(500, "could not be parked");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An error's text without the statement's values: those may be addresses. */
function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split("\n")[0]?.slice(0, 300)}` : "unknown";
}

function refuse(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers });
}
