import { isRefusal } from "../../src/errors.ts";
import { openTable } from "../../src/file/table.ts";
import { realWorld } from "../../src/world.ts";

// Reads a file of rows, and says in one line how long that took, and how much memory the process had at its peak.

const [, , path = ""] = Bun.argv;
const { timers } = realWorld;
let longest = 0;
let last = performance.now();
const turns = timers.every(1, () => {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
});
const began = performance.now();
const table = await openTable({ name: path, content: Bun.file(path) }, { timers, width: "first", salt: "" });
if (isRefusal(table)) throw new Error(table.message);
const opened = performance.now();
let [rows, characters] = [0, 0];
for await (const batch of table.rows) {
  if (batch.end) throw new Error(batch.end.message);
  for (const read of batch.rows) {
    if ("fault" in read) throw new Error(`${read.row}: ${read.fault.message}`);
    rows++;
    characters += read.length;
  }
}
const ms = performance.now() - began;
turns.stop();
const peakRssMiB = Math.round(process.resourceUsage().maxRSS / (process.platform === "darwin" ? 2 ** 20 : 2 ** 10));
const { user, system } = process.cpuUsage();
const cpuMs = Math.round((user + system) / 1000);
const result = { rows, characters, ms: Math.round(ms), cpuMs, openMs: Math.round(opened - began) };
console.log(
  JSON.stringify({
    ...result,
    rowsPerSecond: Math.round(rows / (ms / 1000)),
    peakRssMiB,
    longestTurnMs: Math.round(longest),
  }),
);
