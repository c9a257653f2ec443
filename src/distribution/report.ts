import { sql } from "drizzle-orm";
import { describeActor } from "../actor.ts";
import type { Context } from "../context.ts";
import { isRefusal, refusal, refuse } from "../errors.ts";
import type { Language } from "../language.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { type Distribution, endedRows, findDistribution } from "./distribution.ts";
import { neutralise } from "./neutral.ts";
import { reportHeadings } from "./report-columns.ts";
import { type FailedRow, rowWords } from "./report-words.ts";
import { type Block, leftOutOf } from "./rows.ts";

/** The rows of a file that failed, as the operator wrote them, each with what it failed of. */
export interface Report {
  /** Whether nothing has been issued yet: it says what would fail. */
  readonly isPrediction: boolean;
  /** From the header, some rows at a time; no cell is a formula. */
  readonly rows: AsyncGenerator<readonly (readonly string[])[]>;
}

/** Rows that are made in one turn of the event loop. */
const turnRows = 100;

/**
 * Takes out the rows that got no coupon: of a distribution that has ended, or that is READY, as a prediction. Who did
 * is written down before the first one is told. Refusals: NOT_FOUND, also where nothing failed or its rows are not kept
 * any more; WRONG_STATE while it is read or issued, and where its file could not be read.
 */
export async function takeReport(ctx: Context, { id, language = "en" }: { id: number; language?: Language }) {
  const found = await findDistribution(ctx, id);
  if (isRefusal(found)) return found;
  const { state, fault, forgottenAt } = found;
  if (state === "FAILED")
    return refuse.wrongState(`Its file could not be read: ${fault?.row ?? 1}: ${fault?.message}`, state);
  if (state !== "READY" && state !== "COMPLETED" && state !== "CANCELLED")
    return refuse.wrongState(`This distribution is ${state}: its report is there when it has ended.`, state);
  if (forgottenAt !== null) return refusal("NOT_FOUND", whyNone(found));
  const pages = failedPages(ctx, found, language);
  const first = await pages.next();
  if (first.done) return refusal("NOT_FOUND", whyNone(found));
  await ctx.db.write([auditDeed(ctx, subjectOf("distribution", id), "took its report out")]);
  ctx.log("info", "distribution.reported", { distribution: id, actor: describeActor(ctx.actor) });
  const isPrediction = state === "READY";
  const header = [...(found.header ?? []), ...reportHeadings(language, isPrediction)].map(neutralise);
  return { isPrediction, rows: following([header], first.value, pages) } satisfies Report;
}

function whyNone(found: Distribution): string {
  const failed = endedRows(found) - endedRows(found, "ISSUED", "ALREADY_HELD");
  return failed > 0 ? "Its rows are not kept any more." : "Nothing failed: there is no report.";
}

type Page = readonly (readonly string[])[];

async function* following(header: Page, first: Page, pages: AsyncGenerator<Page>): AsyncGenerator<Page> {
  yield header;
  yield first;
  yield* pages;
}

/** Its failed rows block by block: what is in memory is one block, however many rows there are. */
async function* failedPages(ctx: Context, distribution: Distribution, language: Language): AsyncGenerator<Page> {
  const { id, header, state } = distribution;
  const width = header?.length ?? 0;
  const blocks = await ctx.db.all<Block & { readonly isDone: number }>(sql`
    SELECT ${id} AS id, from_row AS "from", to_row AS "to", state = 'DONE' AS isDone FROM distribution_block
    WHERE distribution = ${id} ORDER BY to_row`);
  for (const { isDone, ...block } of blocks) {
    const isCut = state === "CANCELLED" && !isDone;
    const failed = [...(await leftOut(ctx, block)), ...(isCut ? await notReached(ctx, block) : [])];
    if (isCut) failed.sort((one, other) => one.row - other.row);
    for (let at = 0; at < failed.length; at += turnRows) {
      yield failed.slice(at, at + turnRows).map(({ cells, ...row }) => {
        const { outcome, place, cause, todo } = rowWords(row, header ?? [], language);
        const own: string[] = JSON.parse(cells);
        while (own.length < width) own.push("");
        return [...own, outcome, place, cause, todo].map(neutralise);
      });
      await new Promise<void>(ctx.timers.soon);
    }
  }
}

interface FailedCells extends FailedRow {
  /** JSON. */
  readonly cells: string;
}

/** Those that are left out; whoever got one by another file of the chain has not failed. */
function leftOut({ db }: Context, block: Block): Promise<FailedCells[]> {
  return db.all<FailedCells>(sql`
    SELECT row, outcome, cause, "column", message, other_row AS other, cells FROM distribution_left_out
    WHERE ${leftOutOf(block)} AND cells IS NOT NULL AND cause IS NOT 'ISSUED_BEFORE' ORDER BY row`);
}

/** Those that were to get one when the distribution was cancelled. */
function notReached({ db }: Context, { id, to }: Block): Promise<FailedCells[]> {
  return db.all<FailedCells>(sql`
    SELECT CAST(c.key AS INTEGER) AS row, 'NOT_REACHED' AS outcome, NULL AS cause, NULL AS "column", NULL AS message,
      NULL AS other, c.value AS cells
    FROM distribution_block b CROSS JOIN json_each(b.cells) c WHERE b.distribution = ${id} AND b.to_row = ${to}`);
}
