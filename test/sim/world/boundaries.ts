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
  /** Kills it amid the next crowd, when it answers so many in a moment: some have just heard, others wait. */
  killAmid(crowd: number, awayMs: number): void;
  /** From now on commits fail as they do on a full disk, or go on. */
  isFull: boolean;
  /** From now on the stream of the log throws, or takes lines again. */
  isLogFull: boolean;
  /** Hears of each commit to the shop's database. */
  onCommitted: () => void;
  /** Strikes no more. */
  clear(): void;
}

/** Who is answered within this (ms) is a crowd. */
const crowdMs = 60;

export function createBoundaries(process: Process, network: Network, writeOn: (disk: Disk) => void): Boundaries {
  let due: { readonly boundary: Boundary; left: number; readonly awayMs: number } | undefined;
  const pass = (boundary: Boundary) => {
    if (due?.boundary !== boundary || --due.left > 0) return;
    const { awayMs } = due;
    due = undefined;
    process.crash(`${boundary}`, awayMs);
  };
  let amid: { readonly crowd: number; readonly awayMs: number } | undefined;
  let answered: number[] = [];
  const answer = () => {
    const now = network.engine.elapsed;
    answered = [...answered.filter((at) => now - at < crowdMs), now];
    if (!amid || answered.length < amid.crowd) return;
    const { awayMs } = amid;
    amid = undefined;
    process.crash("amid a crowd", awayMs);
  };
  const boundaries: Boundaries = {
    killAt(boundary, nth, awayMs) {
      due = { boundary, left: nth, awayMs };
    },
    killAmid(crowd, awayMs) {
      amid = { crowd, awayMs };
    },
    isFull: false,
    isLogFull: false,
    onCommitted: () => {},
    clear() {
      due = undefined;
      amid = undefined;
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
    else if (moment === "after") answer();
  };
  return boundaries;
}
