import { type SQL, sql } from "drizzle-orm";
import type { Actor } from "../actor.ts";
import type { Context } from "../context.ts";
import { shopOf } from "../shop.ts";
import { type AuditEntry, entryColumns, nounOf } from "./audit.ts";

/** Which entries of the audit are meant; all of these hold together. */
export interface AuditFilter {
  readonly subject?: string | undefined;
  /** The noun of its subject, e.g. `campaign`. */
  readonly noun?: string | undefined;
  readonly operator?: number | undefined;
  /** An operator's or a service's. */
  readonly token?: number | undefined;
  /** Of the thing; empty: the company itself. */
  readonly shop?: string | undefined;
  /** That its actor worked for; empty: all of them. */
  readonly actorShop?: string | undefined;
  readonly actorKind?: Actor["kind"] | undefined;
  /** Text that `what` holds; capitals of A–Z do not matter. */
  readonly what?: string | undefined;
  /** From this moment on (ms). */
  readonly since?: number | undefined;
  /** Before this moment (ms). */
  readonly until?: number | undefined;
}

export interface AuditPage {
  /** Those before this one. */
  readonly after?: number | undefined;
  readonly limit: number;
  /** Entries that are looked at in one statement; {@link usualWindow} unless given. */
  readonly window?: number;
}

/** A hundredth of a second. */
const usualWindow = 10_000;
/** Statements at most for one page; what then is not full says where to go on. */
const windows = 10;

/**
 * Entries of the audit, newest first; of those that an operator of a shop may know of, which are the shop's. A rare
 * thing may take several pages to be found: then a page holds fewer, and says where to go on.
 */
export async function listAudit(ctx: Context, filter: AuditFilter, { after, limit, window = usualWindow }: AuditPage) {
  const { lead, others } = conditionsOf(ctx, filter);
  const { above, below } = await boundsOf(ctx, filter);
  const rows: AuditEntry[] = [];
  let before = Math.min(after ?? Number.MAX_SAFE_INTEGER, below);
  for (let looked = 0; looked < windows; looked++) {
    // One bound on each side: of two SQLite takes either, and looks at all in between.
    const end = others.length > 0 ? await endOfWindow(ctx, sql`${lead} AND id < ${before}`, window) : undefined;
    const from = Math.max(end ?? 0, above + 1);
    const here = sql.join([lead, sql`id < ${before}`, sql`id >= ${from}`, ...others], sql` AND `);
    const found = await ctx.db.all<AuditEntry>(sql`
      SELECT ${entryColumns} FROM audit WHERE ${here} ORDER BY id DESC LIMIT ${limit - rows.length}`);
    rows.push(...found);
    if (end === undefined || end <= above || rows.length >= limit) return { rows, goOn: undefined };
    before = end;
  }
  return { rows, goOn: before };
}

async function endOfWindow({ db }: Context, where: SQL, window: number): Promise<number | undefined> {
  const row = await db.first<{ id: number }>(sql`
    SELECT id FROM audit WHERE ${where} ORDER BY id DESC LIMIT 1 OFFSET ${window}`);
  return row?.id;
}

interface Conditions {
  /** One that an index leads through. */
  readonly lead: SQL;
  /** Those that each entry is looked at for; a plus sign keeps their indexes out of it. */
  readonly others: readonly SQL[];
}

function conditionsOf(ctx: Context, filter: AuditFilter): Conditions {
  const [lead, ...others] = indexed(ctx, filter);
  return { lead: lead?.led ?? sql`1`, others: [...others.map(({ seen }) => seen), ...lookedAt(filter)] };
}

/** A condition as an index leads through it, and as it is seen of each entry. */
interface Indexed {
  readonly led: SQL;
  readonly seen: SQL;
}

/** The rarest first. */
function indexed(ctx: Context, { subject, token, operator, shop, noun, actorKind }: AuditFilter): Indexed[] {
  const own = shopOf(ctx);
  const both = (condition: SQL): Indexed => ({ led: condition, seen: sql`+${condition}` });
  const ofShop = (of: string): Indexed => ({ led: sql`shop = ${of} AND shop <> ''`, seen: sql`+shop = ${of}` });
  return [
    ...(subject === undefined ? [] : [both(sql`subject = ${subject}`)]),
    ...(token === undefined ? [] : [both(sql`token = ${token}`)]),
    ...(operator === undefined ? [] : [both(sql`operator = ${operator}`)]),
    ...(own === "" ? [] : [ofShop(own)]),
    ...(shop ? [ofShop(shop)] : []),
    ...(noun === undefined ? [] : [{ led: sql`${nounOf} = ${noun}`, seen: sql`+${nounOf} = ${noun}` }]),
    ...(actorKind === undefined || actorKind === "system" ? [] : [both(sql`${kindOf} = ${words[actorKind]}`)]),
  ];
}

/** As its index says it, letter for letter. */
const kindOf = sql.raw("substr(actor, 1, instr(actor, ' ') - 1)");

/** How what is written of an actor begins; see `describeActor`. Whoever is none of these is a job. */
const words = { operator: "operator", service: "service", member: "member", anonymous: "" } as const;

function lookedAt({ shop, actorShop, actorKind, what, since, until }: AuditFilter): SQL[] {
  return [
    ...(shop === "" ? [sql`shop = ''`] : []),
    ...(actorShop === undefined ? [] : [sql`actor_shop = ${actorShop}`]),
    ...(actorKind === "system"
      ? [sql`${kindOf} NOT IN (${words.operator}, ${words.service}, ${words.member}, '')`]
      : []),
    ...(what === undefined ? [] : [sql`instr(lower(what), lower(${what})) > 0`]),
    ...(since === undefined ? [] : [sql`+at >= ${since}`]),
    ...(until === undefined ? [] : [sql`+at < ${until}`]),
  ];
}

/** How far a clock is set back at most, so that times are in the order of entries but for so much. */
const slackMs = 86_400_000;

/** Between which entries those of a time must be: what was written a day later is newer than any of them. */
async function boundsOf({ db }: Context, { since, until }: AuditFilter): Promise<{ above: number; below: number }> {
  const [newer, older] = [
    until === undefined
      ? undefined
      : await db.first<{ id: number }>(sql`
          SELECT id FROM audit WHERE at >= ${until + slackMs} ORDER BY at, id LIMIT 1`),
    since === undefined
      ? undefined
      : await db.first<{ id: number }>(sql`
          SELECT id FROM audit WHERE at < ${since - slackMs} ORDER BY at DESC, id DESC LIMIT 1`),
  ];
  return { above: older?.id ?? 0, below: newer?.id ?? Number.MAX_SAFE_INTEGER };
}
