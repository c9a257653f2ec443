import type { Context } from "../context.ts";
import { isRefusal } from "../errors.ts";
import { isRounded } from "../value/external-id.ts";
import { type KeyColumn, type KeyKind, keyColumns, knownHeadings, looksLike } from "./columns.ts";
import type { Distribution } from "./distribution.ts";
import { firstFaults, type LeftOut } from "./left-out.ts";

/** Faulty rows that are looked at. */
const sampleRows = 100;

/** What would mend many faults of a file at once, in sentences: a heading that means something else, an encoding. */
export async function adviceOn(ctx: Pick<Context, "db">, distribution: Distribution): Promise<string[]> {
  const { state, counts, id } = distribution;
  const isFaulty = counts.some(({ outcome, predicted }) => predicted > 0 && isOfTheFile(outcome));
  if (state === "UPLOADED" || state === "VALIDATING") return [];
  return advise(distribution, isFaulty ? await firstFaults(ctx, id, sampleRows) : []);
}

function isOfTheFile(outcome: string): boolean {
  return outcome === "INVALID" || outcome === "UNKNOWN_MEMBER";
}

type Read = Pick<Distribution, "header" | "headerRow" | "names" | "encoding" | "encodingGuessed" | "rows" | "counts">;

/** The same of what was read and its first faulty rows. Pure. */
export function advise(read: Read, sample: readonly LeftOut[]): string[] {
  if (read.header === null) return [];
  const columns = keyColumns({ row: read.headerRow ?? 1, cells: read.header }, read.names);
  const ofColumns = isRefusal(columns) ? missingColumn(read.header) : otherMeaning(read, columns, sample);
  return [...ofColumns, ...rounded(read.header, sample), ...encoding(read, sample)];
}

/** What headings might mean that are none of ours, the likeliest first. */
const hints: readonly (readonly [KeyKind, RegExp])[] = [
  ["email", /e-?mail|邮/i],
  ["phone", /phone|mobil|handy|\btel|手机|电话/i],
  ["externalId", /member|customer|client|kunde|mitglied|user|card|\b(id|nr|no)\b|会员|客户|用户|编号|卡号/i],
];

function missingColumn(header: readonly string[]): string[] {
  for (const [kind, hint] of hints) {
    const heading = header.find((each) => hint.test(each));
    if (heading !== undefined)
      return [
        `The heading ${quoted(heading)} may mean ${kind}: map it so (${mapped(heading, kind)}), and upload again.`,
      ];
  }
  return [`No heading is ${knownHeadings}: map the one that names members to one of these, and upload again.`];
}

/** Where most rows are at fault for whom they name: another column or meaning that fits nearly all of them. */
function otherMeaning({ header, rows, counts }: Read, columns: readonly KeyColumn[], sample: readonly LeftOut[]) {
  const faulty = counts.reduce((sum, { outcome, predicted }) => sum + (isOfTheFile(outcome) ? predicted : 0), 0);
  if (faulty * 2 < rows || sample.length === 0 || !header) return [];
  const first = columns[0];
  for (const [at, heading] of header.entries()) {
    const kind = kindOfColumn(sample, at);
    const used = columns.find(({ number }) => number === at + 1);
    if (!kind || used?.kind === kind || columns.some((column) => column.kind === kind)) continue;
    const seems = `Most rows name nobody, and column ${quoted(heading)} looks like ${kindWords[kind]}`;
    if (used) return [`${seems}: map it so (${mapped(heading, kind)}), and upload again.`];
    const before = header[(first?.number ?? 0) - 1] ?? "";
    const skipped = `leave ${quoted(before)} out (${mapped(before, "-")})`;
    return [`${seems}: map it so (${mapped(heading, kind)}), ${skipped}, and upload again.`];
  }
  return [];
}

const kindWords = { email: "e-mail addresses", phone: "phone numbers" } as const;

/** What nine in ten of a column's cells can be read as. */
function kindOfColumn(sample: readonly LeftOut[], at: number): "email" | "phone" | undefined {
  const cells = sample.map(({ cells }) => (cells[at] ?? "").trim()).filter((cell) => cell !== "");
  const kinds = cells.map(looksLike);
  return (["email", "phone"] as const).find(
    (kind) => cells.length > 0 && kinds.filter((each) => each === kind).length >= 0.9 * cells.length,
  );
}

/** Ids and phone numbers that a spreadsheet took for figures. */
function rounded(header: readonly string[], sample: readonly LeftOut[]): string[] {
  for (const { row, column, cells } of sample) {
    const cell = column === null ? "" : (cells[column - 1] ?? "");
    if (column === null || !isRounded(cell)) continue;
    const where = `row ${row}, column ${quoted(header[column - 1] ?? "")}: ${cell.trim()}`;
    return [`A spreadsheet rounded ids or phone numbers (${where}): take them from where they came from, as text.`];
  }
  return [];
}

function encoding({ header, encoding: name, encodingGuessed }: Read, sample: readonly LeftOut[]): string[] {
  const texts = [...(header ?? []), ...sample.flatMap(({ cells }) => cells)];
  if (texts.some((text) => text.includes("\uFFFD")))
    return ["Some letters are damaged (\uFFFD): export the file again, as UTF-8 or XLSX."];
  const first = texts.find((text) => /[^\p{ASCII}]/u.test(text));
  if (!encodingGuessed || first === undefined) return [];
  return [`The file was taken for ${name}: if ${quoted(first)} looks wrong, upload it again and say its encoding.`];
}

function mapped(heading: string, kind: KeyKind | "-"): string {
  return `heading=${heading.slice(0, 60)}=${kind}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text);
}
