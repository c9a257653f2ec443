import { sql } from "drizzle-orm";
import { steps } from "../actors/distributed.ts";
import { type Sheet, type SheetRow, sheets } from "../actors/sheets.ts";
import { mayBeErased } from "../actors/wishes.ts";
import { rowOf } from "../world/told.ts";
import type { World } from "../world/world.ts";
import type { Standing } from "./distribution-sums.ts";

/** What became of a row, or is predicted to. */
interface Row {
  readonly row: number;
  readonly outcome: string;
  readonly cause: string | null;
  readonly other: number | null;
  /** JSON; null: forgotten, or of a row that gives one. */
  readonly cells: string | null;
  readonly member: number | null;
  readonly externalId: string | null;
  readonly isDone: number;
  /** How many the member has of the template, and whether another file of the chain gave one of them. */
  readonly held: number;
  readonly chained: number;
}

interface Terms {
  readonly perMember: number;
  readonly stock: number | null;
  readonly budget: number | null;
  readonly isForSome: number;
  readonly mayEnd: number;
}

/** What is not as the sheet has it that was sent. */
export async function rowFaults(world: World, standing: Standing): Promise<string[]> {
  const sheet = world.known(sheets).get(standing.file);
  // What was cancelled before it was started may have been read in part, or not at all.
  const isRead = !["UPLOADED", "VALIDATING", "FAILED"].includes(standing.state) && standing.isChecked;
  if (!world.ctx || !sheet || !isRead) return [];
  const { id, template } = standing;
  const rows = await world.ctx.db.all<Row>(sql`
    SELECT o.*, m.external_id AS externalId, b.state = 'DONE' AS isDone,
      (SELECT count(*) FROM coupon c WHERE c.member = o.member AND c.template = ${template}) AS held,
      EXISTS (SELECT 1 FROM coupon c JOIN distribution e ON e.id = CAST(substr(c.source, 14) AS INTEGER)
        JOIN distribution d ON d.id = ${id} AND coalesce(d.chain, d.id) = coalesce(e.chain, e.id) AND e.id <> d.id
        WHERE c.member = o.member AND c.source GLOB 'distribution/*') AS chained
    FROM (
      SELECT row, outcome, cause, other_row AS other, cells, member FROM distribution_left_out
      WHERE distribution = ${id}
      UNION ALL SELECT row, 'ISSUED', NULL, NULL, NULL, member FROM distribution_given WHERE distribution = ${id}) o
    LEFT JOIN member m ON m.seq = o.member
    JOIN distribution_block b ON b.distribution = ${id} AND o.row > b.from_row AND o.row <= b.to_row ORDER BY o.row`);
  const [terms] = await world.ctx.db.all<Terms>(sql`
    SELECT per_member AS perMember, stock, budget, eligibility IS NOT NULL AS isForSome,
      (closes_at IS NOT NULL OR valid_to IS NOT NULL OR state NOT IN ('ACTIVE', 'SOLD_OUT')) AS mayEnd
    FROM coupon_template WHERE id = ${template}`);
  const byRow = new Map(rows.map((each) => [each.row, each]));
  const faults = sheet.rows.flatMap((row) => {
    const found = byRow.get(row.row);
    if (!found) return [`row ${row.row} has no outcome`];
    return [...unlike(world, sheet, row, found), ...causeFaults(found, terms)].map((why) => `row ${row.row} ${why}`);
  });
  const sum = standing.rows === sheet.rows.length ? [] : [`${standing.rows} of ${sheet.rows.length} rows were read`];
  const all = [...sum, ...faults, ...neverSoldOut(world, standing, rows)];
  return all.map((fault) => `distribution ${id} (${sheet.name}): ${fault}`);
}

const ofMembers = ["ISSUED", "ALREADY_HELD", "NOT_ELIGIBLE", "OUT_OF_STOCK"];

/** What became of a row against what it means. */
function unlike(world: World, { rows }: Sheet, { row, means, kept }: SheetRow, found: Row): string[] {
  const { outcome, other, cells, externalId } = found;
  const wrong = (what: string) => [`means ${JSON.stringify(means)}, ${what}; it is ${outcome} ${other ?? ""}`];
  if (cells !== null && cells !== JSON.stringify(kept)) return [`is kept as ${cells}, it was ${JSON.stringify(kept)}`];
  if (means === "unreadable") return outcome === "INVALID" ? [] : wrong("which nobody can read");
  if (means === "nobody") return outcome === "UNKNOWN_MEMBER" ? [] : wrong("who is there");
  if (means === "somebody") return outcome === "INVALID" ? wrong("who may be there") : [];
  if (mayBeErased(world, means.member)) return [];
  if (externalId !== means.member) return wrong(`and was taken for ${externalId}`);
  const first = rows.find((each) => typeof each.means === "object" && each.means.member === means.member);
  if (first?.row !== row)
    return outcome === "DUPLICATE" && other === first?.row ? [] : wrong(`as row ${first?.row} does`);
  return ofMembers.includes(outcome) ? [] : wrong("who is there");
}

/** Causes that cannot be true. */
function causeFaults({ outcome, cause, isDone, member, held, chained }: Row, terms: Terms | undefined): string[] {
  if (!terms || !isDone || member === null) return []; // nobody knows whose row an erased member's was
  const untrue: Readonly<Record<string, boolean>> = {
    LIMIT_REACHED: held < terms.perMember,
    ISSUED_BEFORE: chained === 0,
    FOR_OTHERS: terms.isForSome === 0,
    ENDED: terms.mayEnd === 0,
    NOT_WRITTEN: true,
  };
  return cause !== null && untrue[cause] ? [`is ${outcome} for ${cause}, which is not so`] : [];
}

/** Whether stock ran out while it was issued, where it says so. */
function neverSoldOut(world: World, { id, template }: Standing, rows: readonly Row[]): string[] {
  const out = rows.filter(({ outcome, isDone }) => outcome === "OUT_OF_STOCK" && isDone === 1);
  const begun = world.known(steps).filter((step) => rowOf(step.id) === id && step.verb === "startDistribution");
  const from = Math.min(...begun.map(({ asked }) => asked));
  return out.length > 0 && world.full.lastFull(template) < from
    ? [`${out.length} rows got none, and stock never ran out since ${from} ms`]
    : [];
}
