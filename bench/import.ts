import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Shape, shapes, writeMembersFile } from "./support/import-file.ts";
import { seedMembers } from "./support/member-seed.ts";
import { compared, inTurn, measure, memoryOf, type Part, seedOf } from "./support/parts.ts";

/**
 * Members per second of a CSV file, from the first byte read to the last commit, in two shapes; beside each, in the
 * same run, the limit: `csv-parse` over the same file and, per thousand rows, the bare upserts of the same rows into
 * the same tables. Each part has a process of its own, so that memory is its own, too.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      members: { type: "string", default: "200000" },
      json: { type: "boolean" },
      rounds: { type: "string", default: "3" },
    },
  });
  const [members, rounds] = [Number(values.members), Number(values.rounds)];
  const results = [];
  for (const shape of shapes) results.push(await compare(shape, members, rounds));
  if (!values.json) {
    for (const { shape, perSecond, ratio, limitPerSecond } of results)
      console.error(`${shape}: ${perSecond} members/s, ${ratio} of the limit ${limitPerSecond}`);
  }
  const settings = { members, chunk: 1000, synchronous: "FULL", rounds };
  console.log(JSON.stringify({ bench: "import", shapes: results, settings }));
}

async function compare(shape: Shape, members: number, rounds: number) {
  const tenth = Math.max(1000, Math.round(members / 10));
  const small = await measure(part("import", shape, tenth), await fileOf(shape, tenth));
  const parts = [part("import-limit", shape, members), part("import", shape, members)];
  const [limits = [], runs = []] = await inTurn(parts, await fileOf(shape, members), rounds);
  const rssMiBAtStart = runs[0]?.rssMiBAtStart;
  return { shape, ...compared(runs, limits), rssMiBAtStart, ...memoryOf(runs, small) };
}

function part(name: "import" | "import-limit", shape: Shape, members: number): Part {
  return { name, args: [shape, String(members)] };
}

/** An empty database and a file. */
function fileOf(shape: Shape, members: number): Promise<string> {
  return seedOf(`${shape}/${members}`, async (dir) => {
    await seedMembers(join(dir, "fanfare.db"), 0);
    await writeMembersFile(join(dir, "members.csv"), shape, members);
  });
}
