import { globalId } from "../../ids.ts";

/** Whoever has a pool's codes can give them away. */
export const exporters = { role: "admin" } as const;

/** Where a pool's codes can be taken out. */
export function exportPath(pool: number): string {
  return `/code-pools/${encodeURIComponent(globalId("CodePool", pool))}/codes.csv`;
}
