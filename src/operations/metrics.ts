import { sql } from "drizzle-orm";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Context } from "../context.ts";
import { gateDrift } from "../coupon/gate/conservation.ts";

const registry = new Registry();
collectDefaultMetrics({ register: registry });

const waiting = new Gauge({
  name: "fanfare_outbox_waiting",
  help: "Messages committed and not yet taken by the queue.",
  registers: [registry],
});
const oldest = new Gauge({
  name: "fanfare_outbox_oldest_seconds",
  help: "Age of the oldest message that the queue has not taken, in seconds.",
  registers: [registry],
});
const runs = new Gauge({ name: "fanfare_runs", help: "Runs by state.", labelNames: ["state"], registers: [registry] });
const sends = new Gauge({
  name: "fanfare_sends",
  help: "Ledger rows of unfinished runs by channel and state.",
  labelNames: ["channel", "state"],
  registers: [registry],
});

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
  help: "Attempts of this process to publish that failed: the queue was away (outage), or would not have a message (refused).",
  labelNames: ["kind"],
  registers: [registry],
});

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

const drift = new Gauge({
  name: "fanfare_coupon_gate_drift",
  help: "Units that the gate of a coupon template was off at the last reconciliation; only those that were, at most 100.",
  labelNames: ["template"],
  registers: [registry],
});
const reconciled = new Gauge({
  name: "fanfare_coupon_gates_reconciled_seconds",
  help: "Time since coupon gates were last reconciled, in seconds; 0 before the first time.",
  registers: [registry],
});

/** The process's and the product's figures in Prometheus' text format, counted when asked. The queue is not: it would be paid for every scrape. */
export async function renderMetrics(ctx: Context): Promise<{ text: string; contentType: string }> {
  const [outbox, byState, byChannel, gates] = await Promise.all([
    ctx.db.first<{ n: number; since: number | null }>(sql`
      SELECT count(*) AS n, min(created_at) AS since FROM outbox WHERE published_at IS NULL`),
    ctx.db.all<{ state: string; n: number }>(sql`SELECT state, count(*) AS n FROM run GROUP BY state`),
    ctx.db.all<{ channel: string; state: string; n: number }>(sql`
      SELECT t.channel, t.state, sum(t.n) AS n FROM tally t JOIN run r ON r.id = t.run
      WHERE r.state IN ('RUNNING', 'PAUSED', 'CANCELLING') GROUP BY 1, 2`),
    gateDrift(ctx),
  ]);
  waiting.set(outbox?.n ?? 0);
  oldest.set(outbox?.since ? (ctx.clock() - outbox.since) / 1000 : 0);
  drift.reset();
  for (const each of gates.drifts) drift.set({ template: String(each.template) }, each.drift);
  reconciled.set(gates.reconciledAt ? (ctx.clock() - gates.reconciledAt) / 1000 : 0);
  runs.reset();
  for (const { state, n } of byState) runs.set({ state }, n);
  sends.reset();
  for (const { channel, state, n } of byChannel) sends.set({ channel, state }, n);
  return { text: await registry.metrics(), contentType: registry.contentType };
}
