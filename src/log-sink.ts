import { write } from "node:fs";

/** Where lines go that nobody may have to wait for, or fail with. */
export interface Sink {
  /** Takes a line, its line end included. Never throws, never waits. */
  write(line: string): void;
}

interface SinkOptions {
  /** Told of lines that could not be written. */
  readonly onLost: (lines: number) => void;
  /** The line that says how many were lost: it comes before the next one that can be written. */
  readonly gap: (lines: number) => string;
}

/** Characters that may wait for a reader who stands still; what comes beyond them is lost. */
const maxWaiting = 1_000_000;

/**
 * Writes lines to a file descriptor in their order, in a thread of the system's: a disk may be full, a pipe or terminal
 * closed, or its reader stand still, and the process goes on. What is lost is counted, and said as soon as somebody can
 * hear it.
 */
export function openSink(fd: number, { onLost, gap }: SinkOptions): Sink {
  let waiting = "";
  let isWriting = false;
  let isTorn = false;
  let untold = 0;

  function lose(text: string): void {
    const lines = text.split("\n").length - 1;
    untold += lines;
    if (lines > 0) onLost(lines);
  }

  function pump(): void {
    if (isWriting || waiting === "") return;
    isWriting = true;
    const told = untold;
    const text = told > 0 ? gap(told) : waiting;
    if (told === 0) waiting = "";
    put(Buffer.from(isTorn ? `\n${text}` : text), (left) => {
      isWriting = false;
      if (left === "") untold -= told;
      else {
        lose(told > 0 ? waiting : left);
        if (told > 0) waiting = "";
      }
      pump();
    });
  }

  /** Writes all of it, or says what is left: the line that was torn ends before the next one. */
  function put(bytes: Buffer, ended: (left: string) => void): void {
    write(fd, bytes, 0, bytes.length, null, (error, count = 0) => {
      if (!error && count > 0 && count < bytes.length) {
        isTorn = true;
        return put(bytes.subarray(count), ended);
      }
      if (!error) isTorn = false;
      ended(error ? bytes.toString() : "");
    });
  }

  return {
    write(line) {
      if (waiting.length + line.length > maxWaiting) return lose(line);
      waiting += line;
      pump();
    },
  };
}
