import { basename } from "node:path";
import type { Context } from "../context.ts";
import { isRefusal } from "../errors.ts";
import { encodings } from "../file/encoding.ts";
import type { NamedFile } from "../file/file.ts";
import { globalId } from "../ids.ts";
import { type ImportOptions, importMembers } from "../member/import.ts";
import { knownFields } from "../member/import-columns.ts";
import type { ImportFault } from "../member/import-rows.ts";
import { type ImportTask, importFaults, keptFaults } from "../member/import-task.ts";
import { defineCommand } from "./command.ts";
import { namesOf } from "./heading-options.ts";
import { offline } from "./offline.ts";
import { UsageError } from "./options.ts";
import { count } from "./progress.ts";

/** How many faulty cells are printed. */
const shownFaults = 10;

/** Streams a file of rows into the members. Run again after a crash, it goes on where it stopped. */
export const importFile = defineCommand({
  name: "import",
  usage: `fanfare import FILE [--map HEADING=FIELD]… [--skip HEADING]… [--encoding NAME] [--json]

Imports members from a CSV file (commas, semicolons or tabs) or the first sheet of an Excel workbook (.xlsx): a header
row, then a member a row. Run again after a crash, it goes on where it stopped. Blank rows are skipped; faulty ones are
left out and told: the first ${shownFaults} faults here, up to ${count(keptFaults)} by the API.

  --map "E-Mail=email"   a heading that is not named after its field; may be given several times
  --skip Notes           a column that is not to be imported; may be given several times
  --encoding gb18030     how a CSV is encoded, where that is known: ${encodings.slice(0, 5).join(", ")}, …
  --json                 prints the import and its first faults as one JSON object

Fields, of which externalId is needed:
${knownFields.replace(/(.{1,115})(?: |$)/g, "  $1\n")}
Lists (tags, pushTokens) are separated by |, an empty cell says nothing, consent and control are yes or no, a PATH is a
name or names with dots between them. consentAt:… is when the word of consent:… was said: a yes without one never undoes
what a member told you herself.`,
  options: {
    json: { type: "boolean", default: false },
    encoding: { type: "string" },
    map: { type: "string", multiple: true, default: [] },
    skip: { type: "string", multiple: true, default: [] },
  },
  takes: 1,
  async run({ json, map, skip, encoding }, [path]) {
    if (!path) throw new UsageError("fanfare import FILE: which file?");
    const options = { names: namesOf(map, skip), encoding };
    const content = Bun.file(path);
    if (!(await content.exists())) throw new UsageError(`There is no file ${path}.`);
    const { task, faults } = await offline("import", (ctx) =>
      imported(ctx, { name: basename(path), content }, options),
    );
    if (json) console.log(JSON.stringify({ ...task, firstFaults: faults }));
    else print(task, faults);
    if (task.state === "failed") process.exitCode = 1;
  },
});

async function imported(ctx: Context, file: NamedFile, options: ImportOptions) {
  const onProgress = ({ rows }: { rows: number }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${count(rows)} rows`);
  };
  const task = await importMembers(ctx, file, { ...options, onProgress });
  if (process.stderr.isTTY) process.stderr.write("\n");
  if (isRefusal(task)) throw new UsageError(task.message);
  return { task, faults: await importFaults(ctx, task.id, shownFaults) };
}

function print(task: ImportTask, faults: readonly ImportFault[]): void {
  const outcomes = (["created", "updated", "unchanged", "faulty"] as const).map(
    (each) => `${count(task[each])} ${each}`,
  );
  console.log(`${count(task.rows)} rows: ${outcomes.join(", ")}`);
  if (task.encodingGuessed)
    console.log(`The file does not say its encoding: it was taken for ${task.encoding}. --encoding says another.`);
  for (const { row, column, message } of faults)
    console.log(`  row ${row}${column === null ? "" : `, column ${column}`}: ${message}`);
  if (task.faults <= faults.length) return;
  const id = globalId("MemberImport", task.id);
  const query = `{ node(id: "${id}") { ... on MemberImport { faults { row column message } } } }`;
  console.log(`  … and ${count(task.faults - faults.length)} more; at /graphql: ${query}`);
}
