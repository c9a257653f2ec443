import { join } from "node:path";
import { type FileClient, openFile } from "../../src/db/local/client.ts";

/** A shop's file as the product opens it – same library, PRAGMAs and kept statements – and nothing else around it. */
export function openBare(dir: string): FileClient {
  return openFile({
    url: `file:${join(dir, "fanfare.db")}`,
    busyTimeoutMs: 10,
    setUp: (run) => {
      for (const set of ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -4000"]) {
        run(`PRAGMA ${set}`);
      }
    },
  });
}
