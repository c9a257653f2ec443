import type { Answer } from "../world/caller.ts";
import type { World } from "../world/world.ts";

/** So long somebody waits for an answer to a file. */
const patienceMs = 30_000;

interface FileCall {
  readonly url: string;
  readonly method: "GET" | "POST" | "PUT";
  /** Undefined: without credentials. */
  readonly token?: string;
  readonly type?: string;
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** Sends a file to the shop or takes one from it; what comes back is JSON, or text where a file was asked for. */
export async function callFile({ engine, network }: World, call: FileCall): Promise<Answer> {
  const { url, method, token, type, body } = call;
  const controller = new AbortController();
  const alarm = engine.after(patienceMs, () => controller.abort(new Error("no answer")), false);
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(type && { "content-type": type }) };
  try {
    const sent = { method, headers, signal: controller.signal, ...(body && { body }) };
    const response = await network.call(new Request(url, sent));
    const text = await response.text();
    if (response.status >= 500) return { kind: "lost", why: `status ${response.status}` };
    if (response.ok) return { kind: "data", data: method === "GET" ? text : JSON.parse(text) };
    const [{ message, extensions }] = JSON.parse(text).errors;
    return { kind: "refused", refusal: extensions.code, message, facts: extensions };
  } catch (error) {
    return { kind: "lost", why: error instanceof Error ? error.message : String(error) };
  } finally {
    alarm.isOff = true;
  }
}
