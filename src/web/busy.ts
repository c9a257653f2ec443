/** Why a request is not looked at. */
export interface Busy {
  readonly status: 408 | 429 | 503;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds: number;
}

/**
 * The answer to a request that is not looked at, in the shape of GraphQL's errors. It ends the connection, so that
 * nothing more of the request is kept.
 */
export function busyResponse({ status, code, message, retryAfterSeconds }: Busy): Response {
  const body = { errors: [{ message, extensions: { code, retryAfterSeconds } }] };
  const headers = { connection: "close", "cache-control": "no-store", "retry-after": String(retryAfterSeconds) };
  return Response.json(body, { status, headers });
}

/** What everyone hears while the process stops; another one, or the next start, will answer. */
export const stopping: Busy = {
  status: 503,
  code: "STOPPING",
  message: "This server is stopping; try again.",
  retryAfterSeconds: 1,
};
