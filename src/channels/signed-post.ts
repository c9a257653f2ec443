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
}

/** What the endpoint said. */
export interface PostAnswer {
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  /** Why it does not count as taken; null when it does. */
  readonly error: string | null;
  /** When it asks to be called again, in seconds. */
  readonly retryAfter?: number | undefined;
}

/** How long an endpoint may take to answer, in milliseconds. */
const defaultTimeoutMs = 10_000;
/** How much of its answer is read, in bytes. */
const answerLimit = 2_048;

/**
 * Posts once, signed as Standard Webhooks asks, follows no redirect, and never throws. Taken is what was answered with
 * 2xx in time; the answer's text is read no further than some words for whoever has to mend the receiver.
 */
export async function postSigned(post: SignedPost, timeoutMs = defaultTimeoutMs): Promise<PostAnswer> {
  const { url, body } = post;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: headersOf(post),
      body,
      signal,
      redirect: "manual",
    });
    const error = await errorOf(response);
    return { status: response.status, error, retryAfter: secondsOf(response.headers.get("retry-after"), post.at) };
  } catch (error) {
    if (signal.aborted) return { status: null, error: `no answer within ${timeoutMs / 1_000} s` };
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    return { status: null, error: `it could not be reached${code}` };
  }
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
async function errorOf(response: Response): Promise<string | null> {
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
