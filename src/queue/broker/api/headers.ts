/** Headers of a request or of a message in a batch. */
export type HeaderSource = Headers | Readonly<Record<string, string>>;

/** The headers as they came, with others where they have none of that name; undefined for what are no headers. */
export function filledUp(
  given: HeaderSource,
  ...others: readonly (Readonly<Record<string, string>> | undefined)[]
): Headers | undefined {
  if (given instanceof Headers && others.every((each) => each === undefined)) return given;
  try {
    const headers = new Headers(given instanceof Headers ? given : { ...given });
    for (const each of others) {
      for (const [name, value] of Object.entries(each ?? {})) if (!headers.has(name)) headers.set(name, value);
    }
    return headers;
  } catch {
    return undefined;
  }
}

/** What two neighbours on the way tell each other, and so nothing that goes on. */
const ofTheConnection = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What the destination gets: the content type, and what comes under the prefix, by lower-case name. */
export function forwardedHeaders(prefix: string, headers: Headers): Record<string, string> {
  const forwarded: Record<string, string> = {};
  const type = headers.get("content-type");
  if (type !== null) forwarded["content-type"] = type;
  for (const [name, value] of headers) {
    const rest = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    if (rest && !ofTheConnection.has(rest)) forwarded[rest] = value;
  }
  return forwarded;
}

/** All headers but those that are for us or for the connection, as `Upstash-Header-Forward` asks for. */
export function plainHeaders(headers: Headers): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (!name.startsWith("upstash-") && !ofTheConnection.has(name)) plain[name] = value;
  }
  return plain;
}
