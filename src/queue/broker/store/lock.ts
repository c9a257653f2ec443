import { Database } from "bun:sqlite";

/**
 * Makes this broker the only one of its file: two would deliver everything twice.
 * The lock goes with the process, however that ends. Returns what gives it back.
 */
export function lockFile(path: string): () => void {
  const lock = new Database(`${path}.lock`, { create: true });
  try {
    lock.run("PRAGMA busy_timeout = 1000");
    lock.run("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!/^SQLITE_(BUSY|LOCKED)/.test(codeOf(error))) throw error;
    const words = `Another broker has ${path} open; stop that one, or give this one a file of its own.`;
    throw Object.assign(new Error(words, { cause: error }), { code: "QUEUE_IN_USE" });
  }
  return () => lock.close(true);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
