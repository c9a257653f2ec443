import type { Checker } from "../actor.ts";
import { uncaught } from "../kernel/uncaught.ts";

/** What the shop says, rightly, while something is away that it needs. */
const outages = [
  /^sweep\.late /,
  /SQLITE_(FULL|BUSY)/,
  // A job that could not reach what it needs is delivered again.
  /^job\.failed .*(ECONNRESET|ECONNREFUSED|operation timed out|the queue did not answer)/,
];

/** Nothing is thrown that nobody catches: the process would end. */
export const catches: Checker = {
  name: "uncaught",
  always: async () =>
    uncaught.splice(0).map((error) => (error instanceof Error ? (error.stack ?? error.message) : String(error))),
};

/** What the shop calls an error is one, unless it tells of an outage. */
export const logs: Checker = {
  name: "the log",
  always: async ({ errors }) =>
    errors
      .splice(0)
      .filter((line) => !outages.some((outage) => outage.test(line)))
      .map((line) => `an error was logged: ${line}`),
};
