/** JSON with the headers that every answer carries, made in one go: nothing has to be {@link finished}. */
export function jsonAnswer(
  text: string,
  requestId: string,
  { status = 200, type = "application/json", headers = {} }: JsonAnswer = {},
): Response {
  const usual = { "content-type": `${type}; charset=utf-8`, ...carried, "x-request-id": requestId };
  return new Response(text, { status, headers: { ...usual, ...headers } });
}

interface JsonAnswer {
  readonly status?: number;
  /** Without its charset. */
  readonly type?: string;
  /** Beside the usual ones, or in their place. */
  readonly headers?: Readonly<Record<string, string>>;
}

const carried = { "x-content-type-options": "nosniff", "cache-control": "no-store" };

/** An answer that never reached GraphQL, in the shape that GraphQL clients read. */
export function problem(
  status: number,
  code: string,
  message: string,
  requestId: string,
  headers: Record<string, string> = {},
): Response {
  const body = { errors: [{ message, extensions: { code, requestId } }] };
  return jsonAnswer(JSON.stringify(body), requestId, { status, headers });
}

/** What was asked could not be kept, because of the disk: nothing of it was done. */
export const unkeptCode = "STORAGE_UNAVAILABLE";

export function unkeptMessage(why: string): string {
  return `Nothing can be kept just now: ${why}. Nothing was changed; ask again when it is mended, as /readyz tells.`;
}

/** The caller's request id when it is a plain one, else a new one. */
export function requestIdOf(request: Request, id: () => string): string {
  const given = request.headers.get("x-request-id");
  return given && /^[\w.-]{8,64}$/.test(given) ? given : id();
}

/** The answer with the headers that every answer carries. */
export function finished(response: Response, requestId: string): Response {
  response.headers.set("x-request-id", requestId);
  response.headers.set("x-content-type-options", "nosniff");
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}
