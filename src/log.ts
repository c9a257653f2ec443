import pino from "pino";
import type { Domain, Log } from "./context.ts";

/** Fields that the machinery logs; each domain names its own in its manifest. Anything else is dropped (I16). */
const common = [
  "actor",
  "attempt",
  "code",
  "count",
  "domain",
  "error",
  "flow",
  "id",
  "job",
  "label",
  "line",
  "message",
  "ms",
  "name",
  "operation",
  "provider",
  "requestId",
  "result",
  "retried",
  "schedule",
  "signal",
  "status",
  "url",
];

/**
 * The process's log: one JSON object a line on standard error. Fields that are neither the machinery's nor a domain's
 * are dropped, so that no address, code or token can slip through.
 */
export function createLog(
  level: "debug" | "info" | "warn" | "error" | "silent",
  domains: readonly Pick<Domain, "logs">[] = [],
): Log {
  const allowed = new Set([...common, ...domains.flatMap(({ logs = [] }) => logs)]);
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
