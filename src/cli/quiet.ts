import type { Log } from "../context.ts";

/**
 * Lets what libraries print go to the log, at its lowest level: what of it matters Fanfare says itself, in its own
 * words, and standard error holds one JSON object a line.
 */
export function quietLibraries(log: Log): void {
  const told = (...words: unknown[]) => log("debug", "library", { line: words.map(String).join(" ").slice(0, 1_000) });
  console.warn = told;
  console.error = told;
}
