import { Webhook } from "standardwebhooks";
import { reasonOf } from "./failure-reason.ts";
import { secondsOf } from "./http.ts";

/** A message to an endpoint of the shop. */
export interface SignedPost {
  readonly url: string;
  /** `webhook-id`: the same at every attempt. */
  readonly message: string;
  /** JSON; signed and sent as it is. */
  readonly body: string;
  /** Each signs: while a secret is changed over there are two. */
  readonly secrets: readonly string[];
  /** The moment of this attempt (ms). */
  readonly at: number;
  /**
   * The ways to the endpoint, each of which `fetch` can take, in the order in which they are tried; none where it must
   * not be called.
   */
  readonly roads: (url: string) => Promise<readonly ({ readonly url: string } & FetchOptions)[]>;
}

type FetchOptions = Pick<BunFetchRequestInit, "tls" | "keepalive"> & { readonly headers?: { readonly host: string } };

/** What the endpoint said. */
export interface PostAnswer {
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  /** Why it does not count as taken, without a word of the receiver's; null when it does. */
  readonly error: string | null;
  /** What the receiver said to refuse it; null when it said nothing. Not for everybody: it may be another's. */
  readonly answer: string | null;
  /** Why no answer came, for the log of whoever runs the machine. */
  readonly reason?: string;
  /** When it asks to be called again, in seconds. */
  readonly retryAfter?: number | undefined;
}

/** How long an endpoint may take to answer, in milliseconds. */
const defaultTimeoutMs = 10_000;
/** How much of its answer is read, in bytes. */
const answerLimit = 2_048;

/** What no answer is called, whatever the reason: other words would tell what listens where. */
export const noAnswer = "it could not be reached, or did not answer in time";
const refusedIt = "the endpoint did not take it";

/**
 * Posts once, signed as Standard Webhooks asks, follows no redirect, and never throws. Taken is what was answered with
 * 2xx in time; the answer's text is read no further than some words for whoever has to mend the receiver. A way that
 * gives no answer is followed by the next.
 */
export async function postSigned(post: SignedPost, timeoutMs = defaultTimeoutMs): Promise<PostAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await anyAnswer(post, signal);
    const answer = await answerOf(response);
    const error = answer === null ? null : refusedIt;
    return {
      status: response.status,
      error,
      answer,
      retryAfter: secondsOf(response.headers.get("retry-after"), post.at),
    };
  } catch (error) {
    return { status: null, error: noAnswer, answer: null, reason: signal.aborted ? "TIMEOUT" : codeOf(error) };
  }
}

async function anyAnswer(post: SignedPost, signal: AbortSignal): Promise<Response> {
  const { body } = post;
  const signed = headersOf(post);
  let failure: unknown = Object.assign(new Error("no address of it may be called"), { code: "NOT_OUTSIDE" });
  for (const { url, headers, ...road } of await inTime(post.roads(post.url), signal)) {
    try {
      return await fetch(url, {
        ...road,
        method: "POST",
        headers: { ...signed, ...headers },
        body,
        signal,
        redirect: "manual",
      });
    } catch (error) {
      failure = error;
      if (signal.aborted) break;
    }
  }
  throw failure;
}

/** Names are looked up by the system, which cannot be stopped: it is left to itself. */
async function inTime<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([value, over]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN";
}

function headersOf({ message, body, secrets, at }: SignedPost): Record<string, string> {
  const seconds = new Date(Math.floor(at / 1_000) * 1_000);
  return {
    "content-type": "application/json",
    "user-agent": "Fanfare-Webhooks/1",
    "webhook-id": message,
    "webhook-timestamp": String(seconds.getTime() / 1_000),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(message, seconds, body)).join(" "),
  };
}

/** What was taken is taken, whatever else is said. */
async function answerOf(response: Response): Promise<string | null> {
  if (response.ok) {
    await response.body?.cancel();
    return null;
  }
  const text = await beginningOf(response).catch(() => "");
  if (response.status >= 300 && response.status < 400) return "it answered with a redirect; give its new address";
  return reasonOf("the endpoint", response.status, text);
}

/** The rest is not read: an answer may be endless. */
async function beginningOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= answerLimit) break; // leaving the loop lets go of the connection
  }
  return Buffer.concat(chunks).subarray(0, answerLimit).toString();
}
