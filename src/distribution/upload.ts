import { sql } from "drizzle-orm";
import { z } from "zod";
import { describeActor, identityOf } from "../actor.ts";
import { type Context, withTransaction } from "../context.ts";
import { isRefusal, refuse } from "../errors.ts";
import type { NamedFile } from "../file/file.ts";
import { openTable } from "../file/table.ts";
import { parseInput } from "../input.ts";
import { enqueue } from "../queue/outbox.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { plainText } from "../value/plain-text.ts";
import { keyKinds } from "./columns.ts";
import { findDistribution } from "./distribution.ts";
import { givenByFile } from "./giving.ts";
import { distributionRead } from "./messages.ts";
import { Notice } from "./notice.ts";
import { isKept, type KeptFile, keepFile } from "./pieces.ts";
import { noticeIssues } from "./tell.ts";

const Facts = z.strictObject({
  template: z.int().positive(),
  /** What headings mean that are not named after a field, and `-` for columns that name nobody. */
  names: z.record(z.string(), z.enum([...keyKinds, "-"])).default({}),
  encoding: z.string().max(60).optional(),
  notice: Notice.optional(),
  /** The distribution whose report was corrected. */
  follows: z.int().positive().optional(),
});
export type UploadFacts = z.input<typeof Facts>;

/** What a file is called, in one line. */
export const FileName = z.object({ name: plainText(200) });

/** Longest file. */
export const mostBytes = 2 ** 28;

/** The facts of a file, completed; or why no file of theirs would be taken. */
export async function checkUpload(ctx: Context, given: UploadFacts) {
  const facts = parseInput(Facts, given);
  return isRefusal(facts) ? facts : fit(ctx, facts);
}

/** What else has to hold, and is done, in the transaction that writes a distribution down. */
type Also = (tx: Context, distribution: number) => Promise<ReturnType<typeof refuse.conflict> | undefined>;

/**
 * Takes a file of members who are to get coupons of a template: it is kept, and read and checked in the background;
 * nothing is issued before `startDistribution`. Refuses templates that the shop cannot give, a file whose name
 * is not 1–200 characters, and one that is no table or of an unknown encoding, with `row:column`; what only shows
 * further on ends as FAILED. A follow-up is of the same template, its headings mean what they meant unless `names` says
 * otherwise, and all before it have ended: else WRONG_STATE.
 */
export async function uploadDistribution(ctx: Context, file: NamedFile, given: UploadFacts, also?: Also) {
  const named = parseInput(FileName, { name: file.name });
  if (isRefusal(named)) return named;
  const facts = await checkUpload(ctx, given);
  if (isRefusal(facts)) return facts;
  if (file.content.size > mostBytes)
    return refuse.invalid([
      { path: "1:1", message: `the file has more than ${mostBytes / 2 ** 20} MiB: cut it into several` },
    ]);
  const salt = `${JSON.stringify(facts.names)}\n`;
  const table = await openTable(file, { timers: ctx.timers, width: "first", encoding: facts.encoding, salt });
  if (isRefusal(table)) return table;
  await table.rows.return(undefined);
  for (;;) {
    const kept = await keepFile(ctx, file.content);
    const made = await withTransaction(ctx, async (tx) =>
      (await isKept(tx, kept)) ? write(tx, { ...facts, ...kept, file: named.name }, also) : undefined,
    );
    if (made) return made;
  }
}

type Facts = z.output<typeof Facts>;

/** What is asked, where it can be done. */
async function fit(ctx: Context, facts: Facts) {
  const { template, follows, names, notice } = facts;
  const found = await givenByFile(ctx, template);
  if (isRefusal(found)) return found;
  const unsayable = notice ? await noticeIssues(ctx, found, notice) : [];
  if (unsayable.length > 0) return refuse.invalid(unsayable);
  if (follows === undefined) return facts;
  const before = await findDistribution(ctx, follows);
  if (isRefusal(before)) return before;
  if (before.template !== template)
    return refuse.invalid([{ path: "templateId", message: "a follow-up gives coupons of the same template" }]);
  return { ...facts, names: Object.keys(names).length > 0 ? names : before.names };
}

/** The one of a chain that has not ended: what it will have given is not known yet. */
const openInChain = (follows: number | null) => sql`
  SELECT d.id, d.state FROM distribution f
  JOIN distribution d ON d.id = coalesce(f.chain, f.id) OR d.chain = coalesce(f.chain, f.id)
  WHERE f.id = ${follows} AND d.state NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')`;

interface ToKeep extends Omit<Facts, "names">, KeptFile {
  readonly names: Readonly<Record<string, string>>;
  readonly file: string;
}

async function write(tx: Context, facts: ToKeep, also?: Also) {
  const { template, names, encoding = null, notice, follows = null, digest, bytes, file } = facts;
  const now = tx.clock();
  const made = await tx.db.first<{ id: number }>(sql`
    INSERT INTO distribution (shop, template, chain, follows, state, file, digest, bytes, encoding, names, notice,
      created_by, author, created_at, updated_at)
    SELECT t.shop, t.id, (SELECT coalesce(d.chain, d.id) FROM distribution d WHERE d.id = ${follows}), ${follows},
      'UPLOADED', ${file}, ${digest}, ${bytes}, ${encoding}, ${JSON.stringify(names)},
      ${notice ? JSON.stringify(notice) : null}, ${describeActor(tx.actor)}, ${identityOf(tx.actor)}, ${now}, ${now}
    FROM coupon_template t WHERE t.id = ${template} AND NOT EXISTS (${openInChain(follows)}) RETURNING id`);
  if (!made) return stillOpen(tx, follows);
  const refused = await also?.(tx, made.id);
  if (refused) return refused;
  await tx.db.write([
    auditDeed(tx, subjectOf("distribution", made.id), "uploaded"),
    enqueue(tx, [distributionRead.of({ distribution: made.id, from: 0 })]),
  ]);
  tx.log("info", "distribution.uploaded", { distribution: made.id, actor: describeActor(tx.actor) });
  return findDistribution(tx, made.id);
}

async function stillOpen({ db }: Context, follows: number | null) {
  const open = await db.first<{ id: number; state: string }>(openInChain(follows));
  if (!open) throw new Error("a coupon template is gone");
  return refuse.wrongState(`Distribution ${open.id} is ${open.state}: what follows it waits for its end.`, open.state);
}
