/**
 * The reader: a process of its own that opens a local database for reading alone and answers one question at a time. A
 * statement on a local file holds the process that runs it until it ends; here it holds nobody. Started by
 * `reader-process.ts` with the database's address; ends when its server does.
 */
import { setPriority } from "node:os";
import { openFile } from "../local/client.ts";
import type { Answer, Question } from "./reader-process.ts";

/** Where processors are scarce, claims and the queue go first (nice: 0 is usual, 19 the least). */
const niceness = 5;
/** Of a file that another process recovers or checkpoints, ms: here, waiting holds nobody. */
const busyTimeoutMs = 5_000;

const client = openFile({
  url: process.argv[2] ?? "",
  busyTimeoutMs,
  setUp: (run) => {
    for (const set of ["query_only = ON", `busy_timeout = ${busyTimeoutMs}`, "cache_size = -4000"]) {
      run(`PRAGMA ${set}`);
    }
  },
});

async function answerTo({ id, sql, args }: Question): Promise<Answer> {
  try {
    const { rows } = await client.execute({ sql, args });
    return { id, rows: rows.map((row) => ({ ...row })) };
  } catch (error) {
    return { id, fault: error instanceof Error ? error.message : String(error) };
  }
}

setPriority(niceness);
process.on("message", async (question: Question) => process.send?.(await answerTo(question)));
process.on("disconnect", () => process.exit(0));
// A terminal and a supervisor tell the whole group; what is still asked is answered until the server is gone.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
process.send?.({ ready: true });
