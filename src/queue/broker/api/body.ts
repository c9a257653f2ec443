import { type Rejection, reject } from "../rejection.ts";

/** A request's body, unless it is larger than `most` bytes. */
export async function readBody(request: Request, most: number): Promise<Uint8Array<ArrayBuffer> | Rejection> {
  const tooLarge = reject(413, `message size exceeds the limit of ${most} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > most) return tooLarge;
  const body = await request.bytes();
  return body.byteLength > most ? tooLarge : body;
}

/** What a body says, less its nulls, which count as absent at every level; undefined for what is no JSON. */
export function readJson(bytes: Uint8Array<ArrayBuffer>): unknown {
  try {
    return withoutNulls(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

/** In lists the place counts, so there they stay. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutNulls(each)]));
}
