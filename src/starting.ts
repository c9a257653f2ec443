import { realWorld } from "./world.ts";

/** What a start has opened so far. */
export interface Starting {
  /** Waits for a part, and remembers how it is closed. Throws {@link CalledOff} once the start is called off. */
  hold<Part>(opening: Part | Promise<Part>, close?: (part: Part) => unknown): Promise<Part>;
  /** Closes it all, what opened last first; what takes longer than a few seconds is left to the process's end. */
  undo(): Promise<void>;
}

const patienceMs = 8_000;

/** Nobody wants any more what was about to start. */
export class CalledOff extends Error {
  override readonly name = "CalledOff";
}

/**
 * Keeps account of a start, so that one that fails or is called off leaves nothing behind: no child, no port, no lock.
 * What is opening at that moment is closed as soon as it is open.
 */
export function beginStart(calledOff: AbortSignal = new AbortController().signal): Starting {
  const closings: (() => Promise<unknown>)[] = [];
  const off = Promise.withResolvers<never>();
  off.promise.catch(() => {}); // perhaps nothing waits just then
  calledOff.addEventListener("abort", () => off.reject(new CalledOff()));

  return {
    async hold(opening, close) {
      if (close) closings.push(async () => close(await opening));
      return Promise.race([off.promise, opening]);
    },
    async undo() {
      const closed = async () => {
        for (const closing of closings.splice(0).reverse()) await closing().catch(() => {});
      };
      await Promise.race([closed(), realWorld.timers.sleep(patienceMs)]);
    },
  };
}
