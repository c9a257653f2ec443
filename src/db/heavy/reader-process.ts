import { extname, join } from "node:path";
import type { InValue } from "@libsql/client";
import type { Statement } from "../statement.ts";

/** What a reader is asked. */
export interface Question {
  readonly id: number;
  readonly sql: string;
  readonly args: readonly InValue[];
}

/** What it says: once that it is there, then an answer to each question. */
export type Answer = { readonly id: number } & ({ readonly rows: object[] } | { readonly fault: string });
type Word = Answer | { readonly ready: true };

/** A reader process, as its server holds it. */
export interface Reader {
  readonly pid: number;
  /** The rows that a statement reads. Rejects with {@link ReaderGone} where the process ends before it has answered. */
  ask(statement: Statement): Promise<object[]>;
  /** Ends it at once, whatever it does; resolves when it is gone. */
  end(): Promise<void>;
}

/** The process ended before it had answered: killed, or out of memory. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** The reader beside this file; in a bundle all stand beside each other, and are JavaScript. */
const entry = join(import.meta.dir, `reader${extname(import.meta.path)}`);

/** Starts a reader of the local database at this address (`file:…`). It takes some 0.1 s and 30 MB. */
export function startReader(url: string): Reader {
  const ready = Promise.withResolvers<void>();
  const asked = new Map<number, PromiseWithResolvers<object[]>>();
  let next = 0;
  const child = Bun.spawn([process.execPath, entry, url], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {}, // it needs no secret
    ipc: (word: Word) => {
      if ("ready" in word) return ready.resolve();
      const question = asked.get(word.id);
      asked.delete(word.id);
      if ("rows" in word) question?.resolve(word.rows);
      else question?.reject(new Error(word.fault));
    },
    onExit: (_child, code, signal) => {
      const gone = new ReaderGone(`the reader ended with ${signal ?? code}`);
      ready.reject(gone);
      for (const question of asked.values()) question.reject(gone);
    },
  });
  ready.promise.catch(() => {}); // whoever asks hears of it
  child.unref();
  return {
    pid: child.pid,
    ask: async ({ sql, args }) => {
      await ready.promise;
      if (child.exitCode !== null || child.signalCode !== null) throw new ReaderGone("the reader had ended");
      const question = Promise.withResolvers<object[]>();
      asked.set(next, question);
      try {
        child.send({ id: next++, sql, args } satisfies Question);
      } catch (cause) {
        throw new ReaderGone("the reader cannot be asked any more", { cause });
      }
      return question.promise;
    },
    end: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
