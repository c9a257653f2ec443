/** One accepted message as the table keeps it. Times are epoch milliseconds; `header` and `extras` are JSON. */
export interface Message {
  readonly seq: number;
  readonly id: string;
  /** What shares limits with it: its queue, else its flow key, else its destination's origin. */
  readonly lane: string;
  /** When it may next be delivered. */
  readonly due: number;
  readonly created: number;
  /** When it was to be delivered first. */
  readonly starts: number;
  /** How long it was to wait for what it waits for now, in milliseconds; null where it is to wait until a moment. */
  readonly wait: number | null;
  readonly url: string;
  readonly method: string;
  readonly header: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly retried: number;
  readonly retries: number;
  readonly label: string | null;
  readonly flow: string | null;
  readonly schedule: string | null;
  /** The named queue it waits in. */
  readonly queue: string | null;
  /** Its place in that queue; its callbacks share it, so that what comes after waits for them, too. */
  readonly slot: number | null;
  /** The URL group it was published to. */
  readonly topic: string | null;
  /** The address that published it. */
  readonly ip: string | null;
  readonly extras: string | null;
}

/** Limits of one flow-control key: calls at once, and calls per period. */
export interface Flow {
  readonly key: string;
  readonly parallelism?: number | undefined;
  readonly rate?: number | undefined;
  readonly periodMs?: number | undefined;
}

/** Where and how to report the outcome of a message. */
export interface CallbackPlan {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly retries: number;
  readonly delayMs: number;
  readonly timeoutMs?: number | undefined;
  readonly retryDelay?: string | undefined;
  readonly label?: string | undefined;
  readonly flow?: Flow | undefined;
  readonly redact?: Redaction | undefined;
}

/** What few messages have. */
export interface Extras {
  readonly timeoutMs?: number | undefined;
  readonly retryDelay?: string | undefined;
  readonly callback?: CallbackPlan | undefined;
  readonly failureCallback?: CallbackPlan | undefined;
  /** The name that its URL group gives the destination. */
  readonly endpoint?: string | undefined;
  readonly redact?: Redaction | undefined;
}

/** What is never shown of a message, only a hash of it. */
export interface Redaction {
  readonly body?: boolean | undefined;
  /** All headers, or those of these names (lower case). */
  readonly headers?: true | readonly string[] | undefined;
}

/** A schedule as the table keeps it. Times are epoch milliseconds; `header`, `extras` and `flow` are JSON. */
export interface Schedule
  extends Pick<
    Message,
    | "id"
    | "created"
    | "url"
    | "method"
    | "header"
    | "body"
    | "retries"
    | "label"
    | "flow"
    | "queue"
    | "topic"
    | "ip"
    | "extras"
  > {
  /** Five fields, in UTC or in the zone of a `CRON_TZ=` before them. */
  readonly cron: string;
  readonly next: number | null;
  readonly last: number | null;
  /** The messages of the last tick: a JSON list of their ids. */
  readonly sent: string | null;
  readonly paused: number;
  /** Ms between a tick and its message's first delivery. */
  readonly delay: number;
}

/**
 * What came of one attempt. Without an answer (unreachable, reset, timed out) the status is 0, and there are no
 * headers.
 */
export interface Attempt {
  readonly status: number;
  readonly headers: Headers | undefined;
  /** The answer's body, cut at the largest that is kept; or why there is none. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Where there is none because of the connection: it broke amid the call, or before anything went over it. */
  readonly broke?: "before" | "amid" | undefined;
}

/** A message that was given up, with the last answer it got. */
export interface DeadLetter extends Omit<Message, "lane" | "due" | "wait" | "slot"> {
  readonly died: number;
  readonly status: number | null;
  readonly answerHeader: string | null;
  readonly answerBody: Uint8Array<ArrayBuffer> | null;
}

/** What a request asks to be delivered, before it has an id and a place in the table. */
export interface Draft {
  /** Empty when it goes to a URL group. */
  readonly url: string;
  /** The URL group to publish to, one message for each of its endpoints. */
  readonly topic?: string | undefined;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Wait after acceptance; `notBefore` (epoch ms) wins over it. */
  readonly delayMs: number;
  readonly notBefore?: number | undefined;
  readonly retries: number;
  readonly label?: string | undefined;
  readonly flow?: Flow | undefined;
  readonly queue?: string | undefined;
  /** Its place in the queue, where it is not at the end. */
  readonly slot?: number | undefined;
  readonly ip?: string | undefined;
  readonly schedule?: string | undefined;
  readonly deduplication?: string | undefined;
  readonly extras?: Extras | undefined;
}

/** The settings of a message or schedule that few have. */
export function extrasOf(message: { readonly extras: string | null }): Extras {
  if (message.extras === null) return {};
  const extras: Extras = JSON.parse(message.extras);
  return extras;
}

/** The flow-control key and limits that a schedule gives its messages. */
export function flowOf({ flow }: Pick<Schedule, "flow">): Flow | undefined {
  if (flow === null) return undefined;
  const parsed: Flow = JSON.parse(flow);
  return parsed;
}
