import { withoutNulls } from "../foreign-json.ts";

/** What came of one request. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number /** parsed JSON, or nothing */;
      readonly body: unknown;
      readonly retryAfter?: number;
    }
  /** It surely did not arrive: no connection came about. */
  | { readonly kind: "unreached" }
  /** It may have arrived. */
  | { readonly kind: "unanswered" };

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | URLSearchParams;
  readonly signal: AbortSignal;
  readonly clock: () => number;
}

/** Posts once – never again by itself, and never to where a redirect points – and never throws. */
export async function post({ url, headers, body, signal, clock }: Post): Promise<Answer> {
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    const retryAfter = secondsOf(response.headers.get("retry-after"), clock());
    const answered = { kind: "answered", status: response.status, body: jsonFrom(await response.text()) } as const;
    return retryAfter === undefined ? answered : { ...answered, retryAfter };
  } catch (error) {
    return { kind: neverArrived.has(codeOf(error)) ? "unreached" : "unanswered" };
  }
}

const neverArrived = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EPROTO", "ERR_INVALID_URL"]);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** The value that JSON text of somebody else stands for, its nulls left out; nothing where it is no JSON. */
export function jsonFrom(text: string): unknown {
  try {
    return withoutNulls(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A `Retry-After` header, in seconds from now (ms): a number of them, or a date. */
export function secondsOf(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}
