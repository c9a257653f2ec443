import type { Checker } from "../actor.ts";

/** What the shop says, rightly, while something is away that it needs. */
const outages = [
  /^sweep\.late /,
  /SQLITE_(FULL|BUSY)/,
  // A job that could not reach what it needs is delivered again.
  /^job\.failed .*(ECONNRESET|ECONNREFUSED|operation timed out)/,
];

/** What the shop calls an error is one, unless it tells of an outage. */
export const logs: Checker = {
  name: "the log",
  always: async ({ errors }) =>
    errors
      .splice(0)
      .filter((line) => !outages.some((outage) => outage.test(line)))
      .map((line) => `an error was logged: ${line}`),
};
