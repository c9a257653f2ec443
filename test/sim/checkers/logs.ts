import type { Checker } from "../actor.ts";

/** What the shop calls an error is one. */
export const logs: Checker = {
  name: "the log",
  always: async ({ errors }) => errors.splice(0).map((line) => `an error was logged: ${line}`),
};
