import pino from "pino";
import type { Domain, Log } from "./context.ts";
import { openSink, type Sink } from "./log-sink.ts";

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
 * are dropped, so that no address, code or token can slip through. To log never throws and is never waited for: lines
 * that nobody takes are lost, `onLost` counts them, and the next line that can be written says how many. `stream` takes
 * the lines in the place of standard error; it may throw.
 */
export function createLog(
  level: "debug" | "info" | "warn" | "error" | "silent",
  domains: readonly Pick<Domain, "logs">[] = [],
  onLost: (lines: number) => void = () => {},
  stream?: Sink,
): Log {
  const allowed = new Set([...common, ...domains.flatMap(({ logs = [] }) => logs)]);
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const gap = (lines: number) => {
    const made: string[] = [];
    pino(options, { write: (line: string) => void made.push(line) }).warn({ count: lines }, "log.lost");
    return made.join("");
  };
  const logger = pino(options, stream ?? openSink(2, { onLost, gap }));
  return (severity, event, fields = {}) => {
    try {
      const kept = Object.fromEntries(
        Object.entries(fields).flatMap(([name, value]) => (allowed.has(name) ? [[name, plain(value)]] : [])),
      );
      logger[severity](kept, event);
    } catch {
      onLost(1); // a field that cannot be read; what happened is not undone for it
    }
  };
}

/** An error's kind and first line, without its stack. */
function plain(value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${String(value.message).split("\n")[0]?.slice(0, 300)}` : value;
}
