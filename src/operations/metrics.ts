import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Context, Gauge as Figure } from "../context.ts";

const registry = new Registry();
collectDefaultMetrics({ register: registry });

const jobs = new Counter({
  name: "fanfare_jobs_total",
  help: "Messages handled by this process, by job and result: done, retry (not now), reject (never) or error.",
  labelNames: ["job", "result"],
  registers: [registry],
});
const jobSeconds = new Histogram({
  name: "fanfare_job_seconds",
  help: "How long this process took to handle a message, by job, in seconds.",
  labelNames: ["job"],
  buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  registers: [registry],
});
const publishFailures = new Counter({
  name: "fanfare_publish_failures_total",
  help:
    "Attempts of this process to publish that failed: the queue was away (outage), " +
    "or would not have a message (refused).",
  labelNames: ["kind"],
  registers: [registry],
});

const mutations = new Counter({
  name: "fanfare_mutations_total",
  help:
    "Mutations that this process answered, by name and by what they answered: the type of the result, the refusal, " +
    "or error.",
  labelNames: ["mutation", "result"],
  registers: [registry],
});
const forgotten = new Counter({
  name: "fanfare_forgotten_total",
  help: "Rows that this process forgot because they are kept no longer, by what they were.",
  labelNames: ["what"],
  registers: [registry],
});

/** Counts a mutation that was answered; both names are of the schema. */
export function countMutation(mutation: string, result: string): void {
  mutations.inc({ mutation, result });
}

const documents = new Counter({
  name: "fanfare_documents_total",
  help:
    "Requests for trusted documents, by the document and by the road that answered: the fast lane, or the face that " +
    "serves any document.",
  labelNames: ["document", "road"],
  registers: [registry],
});

/** Counts a request for a trusted document. */
export function countDocument(document: string, road: string): void {
  documents.inc({ document, road });
}

/** Counts what was kept long enough. */
export function countForgotten(what: string, rows: number): void {
  forgotten.inc({ what }, rows);
}

const logLinesLost = new Counter({
  name: "fanfare_log_lines_lost_total",
  help:
    "Log lines of this process that nobody took: the disk was full, the pipe or terminal closed, " +
    "or its reader stood still.",
  registers: [registry],
});

/** Counts lines that the log could not write. */
export function countLostLines(lines: number): void {
  logLinesLost.inc(lines);
}

const clockSteps = new Counter({
  name: "fanfare_clock_steps_total",
  help: "Times that this process saw the clock set back or ahead by a second or more.",
  labelNames: ["direction"],
  registers: [registry],
});

/** Counts a step of the clock by so many milliseconds, negative where it was set back. */
export function countClockStep(ms: number): void {
  clockSteps.inc({ direction: ms < 0 ? "back" : "ahead" });
}

const mendings = new Counter({
  name: "fanfare_queue_mended_total",
  help: "Schedules and URL groups at the queue that this process found missing, another's, paused or changed.",
  labelNames: ["was"],
  registers: [registry],
});

/** Counts something at the queue that was set right. */
export function countMending(was: string): void {
  mendings.inc({ was });
}

/** Counts a message that this process has handled. */
export function countJob(job: string, result: "done" | "retry" | "reject" | "error", seconds: number): void {
  jobs.inc({ job, result });
  jobSeconds.observe({ job }, seconds);
}

/** Counts what the relay complains of, by its event; others are left alone. */
export function countPublishFailure(event: string): void {
  if (event === "outbox.paused") publishFailures.inc({ kind: "outage" });
  if (event === "outbox.refused") publishFailures.inc({ kind: "refused" });
}

/** The gauge of this name in the registry, made when it is first asked for. */
function gaugeOf({ name, help, labels = [] }: Figure): Gauge {
  const known = registry.getSingleMetric(name);
  return known instanceof Gauge ? known : new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
}

/**
 * The process's figures, and those of every domain, in Prometheus' text format, counted when asked. The queue is not:
 * it would be paid for every scrape.
 */
export async function renderMetrics(ctx: Context): Promise<{ text: string; contentType: string }> {
  const figures = ctx.domains.flatMap(({ gauges = [] }) => gauges);
  const readings = await Promise.all(figures.map(async (figure) => ({ figure, read: await figure.read(ctx) })));
  for (const { figure, read } of readings) {
    const gauge = gaugeOf(figure);
    gauge.reset();
    for (const { labels = {}, value } of read) gauge.set(labels, value);
  }
  return { text: await registry.metrics(), contentType: registry.contentType };
}
