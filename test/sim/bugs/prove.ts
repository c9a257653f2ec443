import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Told } from "../run.ts";
import type { Task } from "../worker.ts";
import { type Bug, bugs } from "./bugs.ts";
import { plant } from "./plant.ts";

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

/** The first seed that catches it, with its story. */
async function caught(bug: Bug): Promise<Told | undefined> {
  const dir = plant(bug);
  const first = Number(options.from);
  for (let seed = first; seed < first + Number(options.seeds); seed++) {
    const task: Task = { seeds: [seed], days: Number(options.days), shrinkTries: Number(options.shrink) };
    const child = Bun.spawn([process.execPath, join(dir, "test/sim/worker.ts"), JSON.stringify(task)], {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: dir,
    });
    const [line = ""] = (await new Response(child.stdout).text()).split("\n");
    if (line === "") throw new Error(`the simulation of "${bug.name}" did not run`);
    const told: Told = JSON.parse(line);
    if (told.violations.length > 0) return told;
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
