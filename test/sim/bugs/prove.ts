import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Told } from "../run.ts";
import type { Task } from "../worker.ts";
import { type Bug, bugs } from "./bugs.ts";
import { plant, root } from "./plant.ts";

// bun run sim:bugs [--only WORDS] [--seeds N] [--days D]: plants each bug in a copy of the product, and looks for a
// seed that catches it.

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    from: { type: "string", default: "1" },
    seeds: { type: "string", default: "40" },
    days: { type: "string", default: "1" },
    shrink: { type: "string", default: "12" },
  },
});

/** A seed's history, by the product in a directory; nothing where it ended amid it. */
async function historyIn(dir: string, seed: number, shrinkTries: number): Promise<Told | undefined> {
  const task: Task = { seeds: [seed], days: Number(options.days), shrinkTries };
  const child = Bun.spawn([process.execPath, join(dir, "test/sim/worker.ts"), JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: dir,
  });
  const [line = ""] = (await new Response(child.stdout).text()).split("\n");
  return line === "" ? undefined : JSON.parse(line);
}

const sound = new Map<number, Promise<boolean>>();

/** Whether all holds in a seed's history without the bug: else it catches nothing. */
function isSound(seed: number): Promise<boolean> {
  const known = sound.get(seed) ?? historyIn(root, seed, 0).then((told) => told?.violations.length === 0);
  sound.set(seed, known);
  return known;
}

/** The first seed that catches it, with its story. */
async function caught(bug: Bug): Promise<Told | undefined> {
  const dir = plant(bug);
  const first = Number(options.from);
  for (let seed = first; seed < first + Number(options.seeds); seed++) {
    if (!(await isSound(seed))) continue;
    const told = await historyIn(dir, seed, Number(options.shrink));
    if (told && told.violations.length > 0) return told;
  }
  return undefined;
}

let missed = 0;
for (const bug of bugs.filter(({ name }) => name.includes(options.only))) {
  const told = await caught(bug);
  console.log(`${told ? `seed ${told.seed}` : "NOT CAUGHT"}: ${bug.name}`);
  if (!told) missed += 1;
  for (const line of told?.violations.slice(0, 3) ?? []) console.log(`    ${line.slice(0, 300)}`);
  for (const line of told?.small?.history.story ?? []) console.log(`      ${line.slice(0, 200)}`);
}
process.exit(missed === 0 ? 0 : 1);
