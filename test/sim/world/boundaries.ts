import { type Disk, fullDisk } from "../kernel/disk.ts";
import type { Call, CallMoment, Network } from "../kernel/network.ts";
import type { Process } from "./process.ts";
import { type Route, routeOf } from "./weather.ts";

/** Where a process touches what outlives it, and so where its death leaves something half done. */
export type Boundary = `${"before" | "after"} commit of ${"fanfare.db" | "queue.db"}` | `${CallMoment} ${Route} call`;

/** Strikes the process at a boundary. */
export interface Boundaries {
  /** Kills it when it passes this boundary for the n-th time from now; it comes back after so many ms. */
  killAt(boundary: Boundary, nth: number, awayMs: number): void;
  /** From now on commits fail as they do on a full disk, or go on. */
  isFull: boolean;
  /** From now on the stream of the log throws, or takes lines again. */
  isLogFull: boolean;
  /** Hears of each commit to the shop's database. */
  onCommitted: () => void;
  /** Strikes no more. */
  clear(): void;
}

export function createBoundaries(process: Process, network: Network, writeOn: (disk: Disk) => void): Boundaries {
  let due: { readonly boundary: Boundary; left: number; readonly awayMs: number } | undefined;
  const pass = (boundary: Boundary) => {
    if (due?.boundary !== boundary || --due.left > 0) return;
    const { awayMs } = due;
    due = undefined;
    process.crash(`${boundary}`, awayMs);
  };
  const boundaries: Boundaries = {
    killAt(boundary, nth, awayMs) {
      due = { boundary, left: nth, awayMs };
    },
    isFull: false,
    isLogFull: false,
    onCommitted: () => {},
    clear() {
      due = undefined;
      boundaries.isFull = false;
      boundaries.isLogFull = false;
    },
  };
  writeOn({
    onCommit(moment, file) {
      if (file !== "fanfare.db" && file !== "queue.db") return;
      if (moment === "before commit" && boundaries.isFull && file === "fanfare.db") throw fullDisk();
      if (moment === "after commit" && file === "fanfare.db") boundaries.onCommitted();
      pass(`${moment} of ${file}` as Boundary);
    },
  });
  network.onCall = (moment: CallMoment, call: Call) => {
    if (call.inside) pass(`${moment} ${routeOf(call)} call`);
  };
  return boundaries;
}
