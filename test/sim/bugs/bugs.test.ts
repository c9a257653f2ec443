import { expect, test } from "bun:test";
import { bugs } from "./bugs.ts";
import { withBug } from "./plant.ts";

test("every bug that the simulation must catch can still be planted", () => {
  expect(bugs.length).toBeGreaterThanOrEqual(12);
  for (const { changes } of bugs) for (const change of changes) expect(withBug(change)).toContain(change.to);
});
