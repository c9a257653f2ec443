import pino from "pino";
import type { Log } from "./context.ts";

/** Fields that may be logged; anything else is dropped, so that no address, code or token can slip through. */
const allowed = new Set([
  "job",
  "message",
  "retried",
  "result",
  "ms",
  "error",
  "run",
  "channel",
  "batch",
  "reason",
  "fault",
  "reissued",
  "waiting",
  "pauseMs",
  "status",
  "attempt",
  "url",
  "line",
  "name",
  "count",
  "requestId",
  "operation",
  "code",
  "signal",
  "backlog",
  "schedule",
  "label",
  "id",
  "actor",
  "flow",
  "pool",
  "codeHash",
  "template",
  "drift",
]);

/** The process's log: one JSON object a line on standard error. */
export function createLog(level: "debug" | "info" | "warn" | "error" | "silent"): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
  return (severity, event, fields = {}) => {
    const kept = Object.fromEntries(
      Object.entries(fields).flatMap(([name, value]) => (allowed.has(name) ? [[name, plain(value)]] : [])),
    );
    logger[severity](kept, event);
  };
}

/** An error's kind and first line, without its stack. */
function plain(value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message.split("\n")[0]?.slice(0, 300)}` : value;
}
