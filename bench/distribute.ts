import { join } from "node:path";
import { parseArgs } from "node:util";
import { seedMembers } from "./support/member-seed.ts";
import { compared, inTurn, measure, median, memoryOf, type Part, seedOf } from "./support/parts.ts";
import { usual, writeSpreadsheet } from "./support/spreadsheet-file.ts";

const kinds = ["csv", "xlsx"] as const;
type Kind = (typeof kinds)[number];

/**
 * Rows per second of a distribution, from the first byte of its file to the last coupon: kept, read, checked and issued
 * through outbox, queue and signed callbacks. Beside it, in the same run, the limit: the same reader over the same file
 * and, per thousand rows, the bare insert of the coupons of the members that it names; and the reader alone. Members
 * stand in the file in no order; of workbooks all texts are shared, and the sheet stands before them. Each part has a
 * process of its own, so that memory is its own, too.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: "string", default: "1000000" },
      json: { type: "boolean" },
      kind: { type: "string" },
      rounds: { type: "string", default: "3" },
    },
  });
  const [rows, rounds] = [Number(values.rows), Number(values.rounds)];
  const files = [];
  for (const kind of kinds)
    if (values.kind === undefined || values.kind === kind) files.push(await compare(kind, rows, rounds));
  if (!values.json) {
    for (const { kind, perSecond, ratio, limitPerSecond } of files)
      console.error(`${kind}: ${perSecond} rows/s, ${ratio} of the limit ${limitPerSecond}`);
  }
  const settings = { rows, columns: 4, block: 1000, synchronous: "FULL", rounds };
  console.log(JSON.stringify({ bench: "distribute", files, settings }));
}

async function compare(kind: Kind, rows: number, rounds: number) {
  const tenth = Math.max(1000, Math.round(rows / 10));
  const small = await measure(part("distribute", tenth, kind), await fileOf(tenth, kind));
  const limit = "distribute-limit";
  const parts = [part(limit, rows, kind), part(limit, rows, kind, "parse"), part("distribute", rows, kind)];
  const [limits = [], parsed = [], runs = []] = await inTurn(parts, await fileOf(rows, kind), rounds);
  const own = { parsePerSecond: median(parsed, "perSecond"), parsePeakRssMiB: median(parsed, "peakRssMiB") };
  const { messages, rssMiBAtStart } = runs[0] ?? {};
  return { kind, ...compared(runs, limits), ...own, messages, rssMiBAtStart, ...memoryOf(runs, small) };
}

function part(name: "distribute" | "distribute-limit", rows: number, kind: Kind, what = ""): Part {
  return { name, args: [String(rows), `members.${kind}`, what] };
}

/** So many members, and a file of all of them. */
function fileOf(rows: number, kind: Kind): Promise<string> {
  return seedOf(`${kind}/${rows}`, async (dir) => {
    await seedMembers(join(dir, "fanfare.db"), rows);
    await writeSpreadsheet({
      path: join(dir, `members.${kind}`),
      kind,
      rows,
      row: (n) => usual.row(shuffled(n, rows)),
    });
  });
}

/** The n-th of so many in no order: a step that shares no divisor with them reaches each once. */
function shuffled(n: number, rows: number): number {
  return 1 + ((n * 7_919) % rows);
}
