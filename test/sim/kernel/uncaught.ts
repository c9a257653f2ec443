import { Crashed } from "./disk.ts";

/** What was thrown and nobody caught: a process ends by it. */
export const uncaught: unknown[] = [];

export function keepUncaught(error: unknown): void {
  if (!(error instanceof Crashed)) uncaught.push(error);
}

process.on("uncaughtException", keepUncaught);
process.on("unhandledRejection", keepUncaught);
