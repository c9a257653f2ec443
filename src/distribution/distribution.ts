import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { refuse } from "../errors.ts";
import type { FileFault } from "../file/file.ts";
import { inReach, isOfShop } from "../shop.ts";
import type { Notice } from "./notice.ts";
import { type DistributionState, type Outcome, outcomes } from "./table.ts";

/** How many rows were predicted to end so, and how many did. */
export interface OutcomeCount {
  readonly outcome: Outcome;
  readonly predicted: number;
  readonly ended: number;
}

/** Who let it start, where it is so large that a second person has to. */
export interface Approval {
  readonly actor: string;
  /** Milliseconds. */
  readonly at: number;
  /** So many coupons at most: what was `mayIssue` then. */
  readonly coupons: number;
}

/** Coupons of a template for the members of a spreadsheet. Times are ms. */
export interface Distribution {
  readonly id: number;
  /** Its template's; empty: the company's own. */
  readonly shop: string;
  readonly template: number;
  /** The first of its follow-ups; null where it is the first itself. */
  readonly chain: number | null;
  /** The one whose report was corrected. */
  readonly follows: number | null;
  readonly state: DistributionState;
  /** The name of its file. */
  readonly file: string;
  /** Sha-256 of the file, in hexadecimal. */
  readonly digest: string;
  readonly bytes: number;
  readonly encoding: string | null;
  readonly encodingGuessed: boolean;
  /** What headings mean that are not named after a field. */
  readonly names: Readonly<Record<string, string>>;
  /** By which channels those are told who get one; null: nobody is. */
  readonly notice: Notice | null;
  readonly noticeCampaign: number | null;
  readonly headerRow: number | null;
  /** Null: not read yet, or forgotten. */
  readonly header: readonly string[] | null;
  /** Rows of the file that are read, blank ones counted. */
  readonly readTo: number;
  /** Rows that are not blank, the header not counted. */
  readonly rows: number;
  /** What it failed of. */
  readonly fault: FileFault | null;
  readonly approval: Approval | null;
  readonly createdBy: string;
  readonly author: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly startedAt: number | null;
  readonly sinceAt: number | null;
  readonly sinceRows: number;
  readonly completedAt: number | null;
  /** The row up to which coupons were taken back, by whole blocks; null: nobody asked for that. */
  readonly withdrawTo: number | null;
  readonly withdrawn: number;
  /** When its rows began to be forgotten; null: they are kept. */
  readonly forgottenAt: number | null;
  /** Rows that may get a coupon: all but those that are decided on for good when the file is read. */
  readonly mayIssue: number;
  /** Of all outcomes. */
  readonly counts: readonly OutcomeCount[];
}

type Json = "encodingGuessed" | "names" | "notice" | "header" | "fault" | "approval" | "counts";
type Row = Omit<Distribution, Json> & Readonly<Record<Json, string | null>>;

const columns = sql.raw(`id, shop, template, chain, follows, state, file, digest, bytes, encoding,
  encoding_guessed AS encodingGuessed, names, notice, notice_campaign AS noticeCampaign, header_row AS headerRow,
  header, read_to AS readTo, rows, fault, approval, created_by AS createdBy, author, created_at AS createdAt,
  updated_at AS updatedAt, started_at AS startedAt, since_at AS sinceAt, since_rows AS sinceRows,
  completed_at AS completedAt, withdraw_to AS withdrawTo, withdrawn, forgotten_at AS forgottenAt,
  (SELECT coalesce(sum(c.may_issue), 0) FROM distribution_count c WHERE c.distribution = distribution.id) AS mayIssue,
  (SELECT json_group_object(c.outcome, json_array(c.predicted, c.ended))
    FROM distribution_count c WHERE c.distribution = distribution.id) AS counts`);

/** Distributions that a condition selects, in its order. */
export async function readDistributions(ctx: Pick<Context, "db">, where: SQL): Promise<Distribution[]> {
  const found = await ctx.db.all<Row>(sql`SELECT ${columns} FROM distribution WHERE ${where}`);
  return found.map((row) => ({
    ...row,
    encodingGuessed: Number(row.encodingGuessed) === 1,
    names: JSON.parse(row.names ?? "{}"),
    notice: parsed(row.notice),
    header: parsed(row.header),
    fault: parsed(row.fault),
    approval: parsed(row.approval),
    counts: countsOf(JSON.parse(row.counts ?? "{}")),
  }));
}

function parsed<T>(text: string | null): T | null {
  return text === null ? null : JSON.parse(text);
}

function countsOf(given: Readonly<Record<string, readonly [number, number]>>): OutcomeCount[] {
  return outcomes.map((outcome) => {
    const [predicted = 0, ended = 0] = given[outcome] ?? [];
    return { outcome, predicted, ended };
  });
}

/** How many rows ended in these ways, or in any. */
export function endedRows({ counts }: Pick<Distribution, "counts">, ...which: readonly Outcome[]): number {
  const meant = counts.filter(({ outcome }) => which.length === 0 || which.includes(outcome));
  return meant.reduce((sum, { ended }) => sum + ended, 0);
}

/** Those of these ids in the order asked, with `undefined` for what is not there or beyond the actor's reach. */
export async function distributionsById(ctx: Context, ids: readonly number[]): Promise<(Distribution | undefined)[]> {
  const wanted = sql`id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  return inOrder(ids, await readDistributions(ctx, sql`${wanted} AND ${inReach(ctx, sql`shop`)}`));
}

export async function findDistribution(ctx: Context, id: number) {
  return (await distributionsById(ctx, [id]))[0] ?? refuse.notFound("distribution", id);
}

interface Listed {
  readonly template?: number | undefined;
  readonly state?: DistributionState | undefined;
  readonly shop?: string | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

/** A page of them, the newest first. */
export function listDistributions(ctx: Context, { template, state, shop, after, limit }: Listed) {
  const where = sql`${template === undefined ? sql`1` : sql`template = ${template}`}
    AND ${state === undefined ? sql`1` : sql`state = ${state}`} AND ${isOfShop(shop, sql`shop`)}
    AND ${inReach(ctx, sql`shop`)} AND id < ${after ?? Number.MAX_SAFE_INTEGER}`;
  return readDistributions(ctx, sql`${where} ORDER BY id DESC LIMIT ${limit}`);
}
