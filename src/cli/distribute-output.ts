import type { Context } from "../context.ts";
import { adviceOn } from "../distribution/advice.ts";
import { type Distribution, findDistribution } from "../distribution/distribution.ts";
import { type LeftOut, leftOutRows } from "../distribution/left-out.ts";
import { rowWords } from "../distribution/report-words.ts";
import { isRefusal } from "../errors.ts";
import { globalId } from "../ids.ts";
import { UsageError } from "./options.ts";
import { count } from "./progress.ts";

/** How many rows that are left out are printed. */
const shownRows = 10;

/** A distribution as it is now, and the same as one JSON object, with its first rows that are left out. */
export async function toldOf(ctx: Context, id: number) {
  const distribution = await found(ctx, id);
  const { file, state, digest, bytes, rows, encoding, encodingGuessed, counts, fault } = distribution;
  const [rest, advice] = await Promise.all([firstRows(ctx, distribution), adviceOn(ctx, distribution)]);
  const facts = { file, state, digest, bytes, rows, encoding, encodingGuessed, counts, fault };
  const firstLeftOut = rest.map(({ member: _, cells: __, other: otherRow, ...row }) => ({ ...row, otherRow }));
  return { distribution, json: { id: globalId("Distribution", id), number: id, ...facts, advice, firstLeftOut } };
}

export async function found(ctx: Context, id: number): Promise<Distribution> {
  const distribution = await findDistribution(ctx, id);
  if (isRefusal(distribution)) throw new UsageError(distribution.message);
  return distribution;
}

function firstRows(ctx: Context, { id }: Distribution): Promise<LeftOut[]> {
  return leftOutRows(ctx, { distribution: id, limit: shownRows });
}

/** Prints what became of it, or will: by outcome, with the first rows that get nothing. */
export async function tell(ctx: Context, distribution: Distribution): Promise<void> {
  const { id, file, state, rows, encoding, counts, fault, header } = distribution;
  const isChecked = state === "READY";
  console.log(`${file}: ${count(rows)} rows${encoding ? `, ${encoding}` : ""} · distribution ${id}, ${state}`);
  if (fault)
    console.log(`  row ${fault.row}${fault.column === null ? "" : `, column ${fault.column}`}: ${fault.message}`);
  const sums = counts.flatMap(({ outcome, predicted, ended }) => {
    const n = isChecked ? predicted : ended;
    return n > 0 ? [`${count(n)} ${outcome.toLowerCase().replaceAll("_", " ")}`] : [];
  });
  if (sums.length > 0) console.log(`${isChecked ? "To become: " : ""}${sums.join(", ")}`);
  const leftOut = await firstRows(ctx, distribution);
  for (const row of leftOut) {
    const { place, cause, todo } = rowWords(row, header ?? [], "en");
    console.log(`  ${place}: ${cause} ${todo}`);
  }
  const more = counts.reduce((sum, { outcome, predicted, ended }) => {
    return outcome === "ISSUED" ? sum : sum + (isChecked ? predicted : ended);
  }, -leftOut.length);
  if (more > 0) console.log(`  … and ${count(more)} more: Distribution.leftOut at /graphql tells them all`);
  if (isChecked || state === "FAILED") for (const line of await adviceOn(ctx, distribution)) console.log(line);
}
