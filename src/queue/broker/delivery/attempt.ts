import type { Attempt } from "../records.ts";
import { extrasOf, type Message } from "../records.ts";
import { sign } from "./sign.ts";

export interface DeliverOptions {
  readonly currentSigningKey: string;
  readonly deliver?: ((request: Request) => Promise<Response>) | undefined;
}

/** How long a destination may take when the sender did not say. */
const defaultTimeoutMs = 15 * 60_000;
/** An answer's body is read no further. */
const maxAnswerBytes = 1_048_576;
const nothing = new Uint8Array(0);

/**
 * Makes one attempt at `address`, signed for the message's destination, and waits for the whole answer; never throws.
 * `stop` gives it up.
 */
export async function attempt(
  options: DeliverOptions,
  message: Message,
  address: string,
  stop: AbortSignal,
): Promise<Attempt> {
  const controller = new AbortController();
  const { signal } = controller;
  const giveUp = () => controller.abort(new Error("the broker is stopping"));
  const timeoutMs = extrasOf(message).timeoutMs ?? defaultTimeoutMs;
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  stop.addEventListener("abort", giveUp);
  try {
    // The race is for a destination function that does not heed the signal.
    return await Promise.race([exchange(options, message, address, signal), aborted(signal)]);
  } catch (error) {
    controller.abort();
    return { status: 0, headers: undefined, body: Buffer.from(reason(error)), broke: breakOf(error) };
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", giveUp);
  }
}

async function exchange(
  options: DeliverOptions,
  message: Message,
  address: string,
  signal: AbortSignal,
): Promise<Attempt> {
  const request = toRequest(options.currentSigningKey, message, address, signal);
  const response = await (options.deliver ?? call)(request);
  return { status: response.status, headers: response.headers, body: await readSome(response) };
}

/** Bun gives up a silent connection after five minutes by itself; how long to wait is the message's business. */
const patient: RequestInit & { readonly timeout: boolean } = { timeout: false };

function call(request: Request): Promise<Response> {
  return fetch(request, patient);
}

function toRequest(key: string, message: Message, address: string, signal: AbortSignal): Request {
  const { url, method } = message;
  const body = method === "GET" ? null : message.body;
  const headers = new Headers(forwarded(message));
  headers.set("user-agent", "Upstash-QStash");
  headers.set("upstash-message-id", message.id);
  headers.set("upstash-retried", String(message.retried));
  headers.set("upstash-signature", sign(key, url, body ?? nothing));
  if (message.schedule !== null) headers.set("upstash-schedule-id", message.schedule);
  if (message.label !== null) headers.set("upstash-label", message.label);
  if (message.topic !== null) headers.set("upstash-topic-name", message.topic);
  if (message.ip !== null) headers.set("upstash-caller-ip", message.ip);
  return new Request(address, { method, headers, signal, redirect: "manual", body });
}

function forwarded(message: Message): Record<string, string> {
  const headers: Record<string, string> = JSON.parse(message.header);
  return headers;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
}

async function readSome(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return nothing;
  const { headers } = response;
  // Of what is packed, the length says nothing about what comes out.
  const isSmall =
    !headers.has("content-encoding") && Number(headers.get("content-length") ?? maxAnswerBytes + 1) <= maxAnswerBytes;
  if (isSmall) return await response.bytes();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  // Leaving the loop cancels the rest of the body.
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxAnswerBytes);
}

function breakOf(error: unknown): Attempt["broke"] {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return "before";
  return code === "ECONNRESET" || code === "EPIPE" ? "amid" : undefined;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
