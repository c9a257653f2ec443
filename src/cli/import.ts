import { basename } from "node:path";
import { isRefusal } from "../errors.ts";
import { importMembers } from "../member/import.ts";
import { offline } from "./offline.ts";
import { readOptions, UsageError } from "./options.ts";
import { count } from "./progress.ts";

/** Streams a CSV file into the members. Run again after a crash, it goes on where it stopped. */
export async function importFile(args: readonly string[]): Promise<void> {
  const { values, positionals } = readOptions(args, { json: { type: "boolean", default: false } });
  const [path] = positionals;
  if (!path) throw new UsageError("fanfare import FILE.csv: which file?");
  const content = Bun.file(path);
  if (!(await content.exists())) throw new UsageError(`There is no file ${path}.`);
  const onProgress = ({ rows }: { rows: number }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${count(rows)} rows`);
  };
  const task = await offline("import", (ctx) => importMembers(ctx, { name: basename(path), content }, { onProgress }));
  if (process.stderr.isTTY) process.stderr.write("\n");
  if (isRefusal(task)) throw new UsageError(task.message);
  if (values.json) return console.log(JSON.stringify(task));
  const outcomes = (["created", "updated", "unchanged", "faulty"] as const).map(
    (each) => `${count(task[each])} ${each}`,
  );
  console.log(`${count(task.rows)} rows: ${outcomes.join(", ")}`);
  if (task.state === "failed") process.exitCode = 1;
}
