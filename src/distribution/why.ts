import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { CouponState } from "../coupon/table.ts";
import { isRefusal, refuse } from "../errors.ts";
import { type Distribution, findDistribution, readDistributions } from "./distribution.ts";
import { type FailedRow, rowWords } from "./report-words.ts";
import { blockOfCoupon, distributionOfCoupon, isOfAny } from "./rows.ts";

/** What a distribution did for a member, and by which row of its file. */
export interface WhyDistributed {
  /** In words, with the file and the row. */
  readonly summary: string;
  /** The row that decided; null where none named the member, or rows are not kept any more. */
  readonly row: number | null;
}

/**
 * Tells in words what a distribution did for a member, by its `seq`: by which row of which file it got a coupon, is to
 * get one, or why not. NOT_FOUND where either is not there.
 */
export async function whyDistributed(ctx: Context, input: { readonly distribution: number; readonly member: number }) {
  const found = await findDistribution(ctx, input.distribution);
  if (isRefusal(found)) return found;
  const member = await ctx.db.first<{ seq: number }>(sql`SELECT seq FROM member WHERE seq = ${input.member}`);
  return member ? said(ctx, found, member.seq) : refuse.notFound("member", input.member);
}

/** The same where a campaign tells of a distribution's coupons; nothing of any other campaign. */
export async function whyTold(ctx: Context, { campaign, member }: { campaign: number; member: number }) {
  const [found] = await readDistributions(ctx, sql`notice_campaign = ${campaign}`);
  return found && (await said(ctx, found, member)).summary;
}

async function said(ctx: Context, distribution: Distribution, member: number): Promise<WhyDistributed> {
  const { id, state, file, template, forgottenAt } = distribution;
  if (forgottenAt !== null) return { row: null, summary: await ofForgotten(ctx, distribution, member) };
  const given = await ctx.db.first<GivenRow>(sql`
    SELECT d.row, b.state = 'DONE' AS isDone, h.at, h.id AS coupon, h.state
    FROM distribution_block b CROSS JOIN distribution_given d
      ON d.distribution = b.distribution AND d.block = b.to_row AND d.member = ${member}
    LEFT JOIN coupon h ON h.member = d.member AND h.template = ${template} AND ${isOfAny}
      AND ${distributionOfCoupon} = b.distribution AND ${blockOfCoupon} = b.to_row
    WHERE b.distribution = ${id} ORDER BY isDone DESC LIMIT 1`);
  if (given) return { row: given.row, summary: ofGiven(distribution, given) };
  // Where several rows name the member, the others are duplicates of the first.
  const failed = await ctx.db.first<FailedRow>(sql`
    SELECT row, outcome, cause, "column", message, other_row AS other FROM distribution_left_out
    WHERE member = ${member} AND distribution = ${id} ORDER BY row LIMIT 1`);
  if (!failed) return { row: null, summary: unnamed(distribution) };
  const { outcome, place, cause, todo } = rowWords(failed, distribution.header ?? [], "en");
  const isDecided = state === "COMPLETED" || state === "CANCELLED";
  const what = isDecided ? "got no coupon" : "is to get no coupon";
  return { row: failed.row, summary: `The member ${what} by ${place} of ${file}: ${outcome}. ${cause} ${todo}` };
}

interface Given {
  readonly at: number | null;
  readonly coupon: number | null;
  readonly state: CouponState | null;
}

interface GivenRow extends Given {
  readonly row: number;
  readonly isDone: number;
}

function ofGiven({ state, file }: Distribution, given: GivenRow): string {
  const where = `row ${given.row} of ${file}`;
  if (given.isDone) return got(given, where);
  if (state === "CANCELLED") return `The member got none: it was cancelled before it was the turn of ${where}.`;
  return `The member is to get a coupon by ${where}; the distribution is ${state}.`;
}

function got({ at, coupon, state }: Given, where: string): string {
  if (at === null) return `The member got a coupon by ${where}; it has been forgotten since.`;
  const since = state === "WITHDRAWN" ? "; it has been taken back since" : "";
  return `The member got coupon ${coupon} by ${where} at ${new Date(at).toISOString()}${since}.`;
}

/** Of one of which the rows are not kept: the coupon says where it is from. */
async function ofForgotten({ db }: Context, { id, file, template }: Distribution, member: number): Promise<string> {
  const given = await db.first<Given>(sql`
    SELECT h.at, h.id AS coupon, h.state FROM coupon h
    WHERE h.member = ${member} AND h.template = ${template} AND ${isOfAny} AND ${distributionOfCoupon} = ${id}
    LIMIT 1`);
  const what = given ? got(given, `a row of ${file}`) : `The member holds no coupon of ${file}.`;
  return `${what} Its rows are not kept any more.`;
}

function unnamed({ state, file, rows }: Distribution): string {
  if (state === "UPLOADED" || state === "VALIDATING")
    return `None of the ${rows} rows of ${file} read so far names the member.`;
  if (state === "FAILED") return `Nobody got a coupon: ${file} could not be read.`;
  return `No row of ${file} named the member when it was read.`;
}
