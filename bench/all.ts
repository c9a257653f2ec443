import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Results, tableOf } from "./support/readme-table.ts";

/** What each bench is run with here, so that all of them take minutes. */
const short: Readonly<Record<string, readonly string[]>> = {
  app: ["--rounds", "3"],
  claim: ["--rounds", "1", "--seconds", "4"],
  processes: ["--rounds", "3"],
  fanout: ["--members", "200000", "--rounds", "1"],
  considerate: ["--members", "200000", "--rounds", "1"],
  "local-time": ["--members", "200000", "--rounds", "1"],
  issue: ["--members", "200000", "--rounds", "1"],
  schedule: [],
  import: ["--rounds", "1"],
  distribute: ["--rows", "200000", "--rounds", "1"],
  broker: ["--rounds", "1", "--delayed", "100000"],
  boot: ["--rounds", "3"],
};

const [begins, ends] = ["<!-- bench: made by `bun run bench all --write` -->", "<!-- /bench -->"];

/**
 * Runs every bench, one after the other, and tells what each found, with the machine. `--whole` leaves each its own,
 * longer, defaults; `--only a,b` runs some; `--road` is told to those that ask `/app`; `--write` makes README's table.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      whole: { type: "boolean" },
      only: { type: "string", default: "" },
      road: { type: "string", default: "lane" },
      write: { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  const only = values.only.split(",").filter(Boolean);
  const names = Object.keys(short).filter((name) => only.length === 0 || only.includes(name));
  const results: Record<string, unknown> = {};
  for (const name of names) {
    const lengths = values.whole ? [] : (short[name] ?? []);
    const road = ["app", "processes", "boot"].includes(name) ? ["--road", values.road] : [];
    if (!values.json) console.error(`bun run bench ${[name, ...lengths, ...road].join(" ")} …`);
    results[name] = await resultOf(name, [...lengths, ...road]);
  }
  const result: Results = { bench: "all", machine: machine(), results };
  if (values.write) write(result);
  if (!values.json) console.error(tableOf(result));
  console.log(JSON.stringify(result));
}

/** The bench's last line; a bench that fails is told of, and does not keep the others from being run. */
async function resultOf(name: string, args: readonly string[]): Promise<unknown> {
  const command = [process.execPath, join(import.meta.dir, "run.ts"), name, "--json", ...args];
  const child = Bun.spawn(command, { stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) === 0) return JSON.parse(text.trim().split("\n").at(-1) ?? "");
  process.exitCode = 1;
  return { bench: name, failed: true };
}

function machine(): Results["machine"] {
  const [first, ...others] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown",
    cores: others.length + 1,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    bun: Bun.version,
    date: new Date().toISOString().slice(0, 10),
  };
}

function write(result: Results): void {
  const path = join(import.meta.dir, "../README.md");
  const [before, rest] = readFileSync(path, "utf8").split(`${begins}\n`);
  const [, after] = rest?.split(ends) ?? [];
  if (after === undefined) throw new Error(`README.md has no place for the table: ${begins} … ${ends}`);
  writeFileSync(path, `${before}${begins}\n${tableOf(result)}\n${ends}${after}`);
}
