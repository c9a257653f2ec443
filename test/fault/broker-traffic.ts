import type { PublishBatchRequest } from "@upstash/qstash";
import type { FastClock } from "../support/broker-victim.ts";

/** What a message is there to show; it is part of its address. */
export type Kind = "plain" | "delayed" | "retried" | "ordered" | "hopeless" | "twin";

/** One message as it was meant, by its number. */
export interface Meant {
  readonly number: number;
  readonly kind: Kind;
  readonly request: PublishBatchRequest;
  /** Not to arrive before this, in the broker's time. */
  notBefore: number;
}

const kinds: readonly Kind[] = ["plain", "delayed", "retried", "ordered", "ordered", "hopeless", "twin", "plain"];
const queues = 5;

/**
 * The `number`-th message of a mixed traffic to `base`. Each has a deduplication id, so that it may be published again.
 */
export function meantMessage(base: string, number: number, random: () => number): Meant {
  const kind = kinds[number % kinds.length] ?? "plain";
  const delay = 1 + Math.floor(random() * 90);
  const request: PublishBatchRequest = {
    url: `${base}/${kind}/${number}`,
    body: String(number),
    retryDelay: "500",
    retries: 3,
    deduplicationId: `number-${number}`,
    ...(kind === "delayed" && { delay }),
    ...(kind === "ordered" && { queueName: `queue-${number % queues}` }),
    ...(kind === "hopeless" && { retries: 1 }),
  };
  return { number, kind, request, notBefore: kind === "delayed" ? delay * 1_000 : 0 };
}

/** The broker's time now. */
export function brokerTime({ epoch, speed }: FastClock): number {
  return epoch + (Date.now() - epoch) * speed;
}

interface Arrival {
  readonly number: number;
  readonly kind: string;
  /** In the broker's time. */
  readonly at: number;
  readonly id: string;
  readonly answered: number;
}

/** A destination that keeps what arrives: hopeless messages always fail, retried and some ordered ones at first. */
export function openDestination(clock: FastClock) {
  const arrivals: Arrival[] = [];
  const seen = new Map<number, number>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const [kind = "", text = ""] = new URL(request.url).pathname.slice(1).split("/");
      const number = Number(text);
      const nth = (seen.get(number) ?? 0) + 1;
      seen.set(number, nth);
      const fails =
        kind === "hopeless" || (nth === 1 && (kind === "retried" || (kind === "ordered" && number % 3 === 0)));
      const id = request.headers.get("upstash-message-id") ?? "";
      const answered = fails ? 500 : 200;
      arrivals.push({ number, kind, at: brokerTime(clock), id, answered });
      return new Response("", { status: answered });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, arrivals, stop: () => server.stop(true) };
}
