import { isRefusal } from "../../src/errors.ts";
import { headed, openTable } from "../../src/file/table.ts";
import { realWorld } from "../../src/world.ts";

// Reads a file as an import does, and says in one line why it was refused, and what that cost.

const [, , warm = "", path = ""] = Bun.argv;

async function refusalOf(file: string): Promise<string> {
  const options = { timers: realWorld.timers, width: "first", salt: "" } as const;
  const table = await openTable({ name: file, content: Bun.file(file) }, options);
  if (isRefusal(table)) return table.message;
  const { first, rows } = await headed(table.rows);
  try {
    if (first && "fault" in first) return `${first.fault.row}:${first.fault.column ?? 1}: ${first.fault.message}`;
    for await (const { end } of rows) if (end) return `${end.row}:${end.column ?? 1}: ${end.message}`;
    return "nothing: it was read to its end";
  } finally {
    await rows.return(undefined);
  }
}

await refusalOf(warm);
const before = { rss: process.memoryUsage.rss(), cpu: process.cpuUsage(), at: performance.now() };
const said = await refusalOf(path);
const { user, system } = process.cpuUsage(before.cpu);
// The peak that the system counts by `getrusage` is the parent's, if that had a higher one.
const peak = Number(/^VmHWM:\s+(\d+)/m.exec(await Bun.file("/proc/self/status").text())?.[1]) * 1_024;
console.log(
  JSON.stringify({
    said,
    ms: Math.round(performance.now() - before.at),
    cpuMs: Math.round((user + system) / 1_000),
    grownMiB: Math.round((peak - before.rss) / 2 ** 20),
  }),
);
