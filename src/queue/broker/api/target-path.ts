import { unescaped } from "./http.ts";

/** Where a path says that a message goes, and what its query says to us. */
export interface TargetPath {
  readonly target: string;
  /** `upstash-*` parameters stand for headers, for whoever cannot set those. */
  readonly settings: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads a destination from the end of a path. It is kept as it was written, for deliveries are signed for exactly that,
 * except that some clients escape it, and that the token and the settings in its query are no part of it.
 */
export function readTargetPath(rest: string): TargetPath {
  const question = rest.indexOf("?");
  const path = question < 0 ? rest : rest.slice(0, question);
  const address = /^https?%3a/i.test(path) ? unescaped(path) : path;
  if (question < 0) return { target: address, settings: undefined };
  const parts = rest.slice(question + 1).split("&");
  const kept = parts.filter((part) => !/^(upstash-|qstash_token=)/i.test(part));
  const settings = readSettings(parts);
  if (kept.length === 0) return { target: address, settings };
  return { target: `${address}${address.includes("?") ? "&" : "?"}${kept.join("&")}`, settings };
}

function readSettings(parts: readonly string[]): Record<string, string> | undefined {
  const ours = parts.filter((part) => /^upstash-/i.test(part));
  if (ours.length === 0) return undefined;
  const named = [...new URLSearchParams(ours.join("&"))].map(([name, value]) => [name.toLowerCase(), value]);
  return Object.fromEntries(named);
}
