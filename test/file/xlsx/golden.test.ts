import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { tableWords } from "../../support/rows.ts";

const golden = join(import.meta.dir, "../../fixtures/workbooks");
const rows = [
  "1 externalId | name | joined | seen | at | member | spend | code | total",
  '2 4711 | Kim & <Lee> "x" | 2024-02-29 | 2026-11-29T12:30:15 | 08:05:00 | TRUE | 12.5 | 000123 | 25',
  "4 00042 | 上海 🦊 | 1999-12-31 | 2000-01-01T00:00:00 | 23:59:59 | FALSE | 13800138000 | 000007 | 13800138001",
];

test("workbooks that LibreOffice saved and that two libraries wrote are read to equal rows", async () => {
  const files = readdirSync(golden).filter((name) => name.endsWith(".xlsx"));
  expect(files.length).toBe(4);
  for (const name of files) expect([name, await tableWords(Bun.file(join(golden, name)))]).toEqual([name, rows]);
});
