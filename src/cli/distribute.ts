import { basename } from "node:path";
import type { Context } from "../context.ts";
import type { UploadFacts } from "../distribution/upload.ts";
import { uploadDistribution } from "../distribution/upload.ts";
import { isRefusal } from "../errors.ts";
import { encodings } from "../file/encoding.ts";
import { rowNumber, rowOf } from "../ids.ts";
import { defineCommand } from "./command.ts";
import { tell, toldOf } from "./distribute-output.ts";
import { issueAll, readAll } from "./distribute-work.ts";
import { namesOf } from "./heading-options.ts";
import { offline } from "./offline.ts";
import { UsageError } from "./options.ts";

/** Gives coupons to the members of a file: checks every row, says what will become of it, then issues. */
export const distribute = defineCommand({
  name: "distribute",
  usage: `fanfare distribute FILE --template T [--map HEADING=FIELD]… [--skip HEADING]… [--encoding NAME]
                  [--channel NAME]… [--follows D] [--dry-run] [--json]
fanfare distribute --start D [--json]

Gives coupons of a template to the members of a spreadsheet (CSV or XLSX): a header row, then a member a row. Every row
is checked first, and what will become of it is said; then all are issued. A running server may help meanwhile.

  --template 7           whose coupons: the template's number or id
  --map "Nr=externalId"  a heading that is not named after its field (publicId, externalId, phone, email)
  --skip Notes           a column that names nobody
  --encoding gb18030     how the file is encoded, where that is known: ${encodings.slice(0, 5).join(", ")}, …
  --channel IN_APP       how those are told who get one; may be given several times, in order of preference
  --follows 3            the distribution whose report was corrected: only what is missing is issued
  --dry-run              checks, and issues nothing: it stays READY
  --start 8              issues what was checked before, or goes on with what was paused
  --json                 prints the distribution and its first faults as one JSON object

Exit status: 0 also where rows were left out; 1 where the file cannot be read, or another person has to approve first.
Stopped by a signal (Ctrl-C), it is cancelled where nothing was issued yet, else paused: \`--start\` goes on.`,
  options: {
    json: { type: "boolean", default: false },
    "dry-run": { type: "boolean", default: false },
    template: { type: "string" },
    encoding: { type: "string" },
    follows: { type: "string" },
    start: { type: "string" },
    map: { type: "string", multiple: true, default: [] },
    skip: { type: "string", multiple: true, default: [] },
    channel: { type: "string", multiple: true, default: [] },
  },
  takes: 1,
  async run({ json, start, "dry-run": isDry, ...given }, [path]) {
    if (start !== undefined) {
      if (path !== undefined || given.template !== undefined)
        throw new UsageError("fanfare distribute --start takes what was uploaded before, and no file.");
      const id = numberOf("Distribution", start, "--start");
      return offline("distribute", (ctx) => issueAndTell(ctx, id, json));
    }
    if (!path) throw new UsageError("fanfare distribute FILE --template T: which file?");
    if (given.template === undefined) throw new UsageError("fanfare distribute FILE --template T: which template?");
    const facts = factsOf({ ...given, template: given.template });
    const content = Bun.file(path);
    if (!(await content.exists())) throw new UsageError(`There is no file ${path}.`);
    await offline("distribute", async (ctx) => {
      const made = await uploadDistribution(ctx, { name: basename(path), content }, facts);
      if (isRefusal(made)) throw new UsageError(made.message);
      const read = await readAll(ctx, made.id, json);
      if (read.state === "READY" && !isDry && process.exitCode !== 130) {
        if (!json) await tell(ctx, read);
        return issueAndTell(ctx, made.id, json);
      }
      await finish(ctx, made.id, json);
    });
  },
});

interface Words {
  readonly template: string;
  readonly map: readonly string[];
  readonly skip: readonly string[];
  readonly channel: readonly string[];
  readonly encoding?: string | undefined;
  readonly follows?: string | undefined;
}

function factsOf({ template, map, skip, channel, encoding, follows }: Words): UploadFacts {
  // Fields and channels are checked by the verb, which says which there are.
  const channels = channel.map((name) => name.toUpperCase().replaceAll("-", "_"));
  return {
    template: numberOf("CouponTemplate", template, "--template"),
    names: namesOf(map, skip),
    encoding,
    follows: follows === undefined ? undefined : numberOf("Distribution", follows, "--follows"),
    notice: channels.length > 0 ? { channels } : undefined,
  } as UploadFacts;
}

/** A row's number, given so or as the API's id of it. */
function numberOf(type: string, text: string, option: string): number {
  const row = rowNumber(text) ?? rowOf(type, text);
  if (row === undefined) throw new UsageError(`${option} ${text}: it takes a number, or an id of the API.`);
  return row;
}

async function issueAndTell(ctx: Context, id: number, json: boolean): Promise<void> {
  const refused = await issueAll(ctx, id, json);
  if (refused !== undefined) {
    console.error(refused);
    process.exitCode = 1;
    if (!json) return;
  }
  await finish(ctx, id, json);
}

async function finish(ctx: Context, id: number, json: boolean): Promise<void> {
  const told = await toldOf(ctx, id);
  if (json) console.log(JSON.stringify(told.json));
  else await tell(ctx, told.distribution);
  const { state } = told.distribution;
  if (!json && state === "READY") console.log(`Nothing is issued. To issue: fanfare distribute --start ${id}`);
  if (!json && state === "PAUSED") console.log(`To go on: fanfare distribute --start ${id}`);
  if (state === "FAILED") process.exitCode = 1;
}
