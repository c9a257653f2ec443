import { readdirSync } from "node:fs";

// bun run bench <name> [--json] [options of the bench]: runs bench/<name>.ts; its last line is one JSON object.

const [name = "", ...args] = Bun.argv.slice(2);
const names = readdirSync(import.meta.dir, { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && entry.name !== "run.ts")
  .map((entry) => entry.name.replace(/\.ts$/, ""));
if (!names.includes(name)) {
  console.error(`bun run bench <name> [--json]; there are: ${names.join(", ")}`);
  process.exit(2);
}
const bench: { run(args: readonly string[]): Promise<void> } = await import(`./${name}.ts`);
await bench.run(args);
