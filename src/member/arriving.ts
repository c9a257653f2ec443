import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { rows } from "../db/bulk.ts";
import type { Query } from "../db/statement.ts";
import { returnNos } from "./address-no.ts";
import type { MemberItem } from "./member-item.ts";
import { type Arriving, memberRows, newMemberRows, takenInOtherForm } from "./member-rows.ts";
import { consentRows, newConsentRows, newTagRows, pushTokenRows, tagRows } from "./upsert-rows.ts";

/**
 * The statements that write valid items, of distinct `externalId`, and how to read from their results what each became.
 */
export interface Upsert {
  readonly queries: readonly Query[];
  read(results: readonly ResultRows[]): readonly WrittenOutcome[];
}
export type WrittenOutcome = { readonly kind: "created" | "updated" | "unchanged"; readonly id: string };
interface ResultRows {
  readonly rows: readonly { readonly [column: string]: unknown }[];
}

/** Makes the {@link Upsert} of items of distinct `externalId`; `source` is who says so where one speaks of consent. */
export function upsertOf(ctx: Context, items: readonly MemberItem[], source: string): Upsert {
  if (items.length === 0) return { queries: [], read: () => [] };
  const now = ctx.clock();
  const arriving = items.map((item) => ({ ...item, id: ctx.id() }));
  const queries = [
    ...takenInOtherForm(items),
    ...rowsOf(arriving, source, now),
    ...pushTokenRows(arriving, now),
    ...returnNos(ctx, items),
    whoIsWho(items),
  ];
  return { queries, read: (results) => outcomesOf(arriving, results.slice(0, -1), namesIn(results.at(-1))) };
}

/**
 * The same for many items at once, inside of a transaction that has asked who of them is there. Of new members nothing
 * needs to be looked up, taken away or answered: they cost half as much.
 */
export function upsertKnowing(ctx: Context, items: readonly MemberItem[], known: Known, source: string): Upsert {
  const now = ctx.clock();
  let last = known.last;
  const arriving = items.map((item) => {
    const { seq, id } = known.members.get(item.externalId) ?? { seq: ++last, id: ctx.id() };
    return { ...item, seq, id };
  });
  const [old, fresh] = [
    arriving.filter(({ seq }) => seq <= known.last),
    arriving.filter(({ seq }) => seq > known.last),
  ];
  const queries = [
    ...newMemberRows(fresh, now),
    ...newTagRows(fresh),
    ...newConsentRows(fresh, source, now),
    ...rowsOf(old, source, now),
    ...pushTokenRows(arriving, now),
    ...(known.areThereNos ? returnNos(ctx, items) : []),
  ];
  return {
    queries,
    read(results) {
      const changed = changedIn(results);
      return arriving.map(({ seq, id }) => {
        if (seq > known.last) return { kind: "created", id };
        return { kind: changed.has(seq) ? "updated" : "unchanged", id };
      });
    },
  };
}

/** Who was there before items came, by `externalId`. */
export interface Known {
  readonly members: ReadonlyMap<string, { readonly seq: number; readonly id: string }>;
  /** The last `seq` that was given out. */
  readonly last: number;
  /** Whether any address said no that nobody has. */
  readonly areThereNos: boolean;
}

/** What {@link upsertKnowing} must know, to be asked in its transaction. */
export function askingWhoIsThere(items: readonly MemberItem[]): Asking {
  const queries = [
    ...takenInOtherForm(items),
    sql`SELECT (SELECT max(seq) FROM member) AS last, EXISTS (SELECT 1 FROM address_no) AS nos`,
    whoIsWho(items),
  ];
  return {
    queries,
    read(results) {
      const [first] = results.at(-2)?.rows ?? [];
      return {
        members: namesIn(results.at(-1)),
        last: Number(first?.last ?? 0),
        areThereNos: Number(first?.nos) === 1,
      };
    },
  };
}

interface Asking {
  readonly queries: readonly Query[];
  read(results: readonly ResultRows[]): Known;
}

function rowsOf(items: readonly Arriving[], source: string, now: number): Query[] {
  return [...memberRows(items, now), ...tagRows(items), ...consentRows(items, source, now)];
}

function outcomesOf(
  items: readonly Arriving[],
  results: readonly ResultRows[],
  known: Known["members"],
): WrittenOutcome[] {
  const changed = changedIn(results);
  return items.map(({ externalId, id }) => {
    const row = known.get(externalId);
    if (!row) throw new Error("a member is missing after it was written");
    return { kind: row.id === id ? "created" : changed.has(row.seq) ? "updated" : "unchanged", id: row.id };
  });
}

/** Every changed row of the statements says whose it is in the column `member`. */
function changedIn(results: readonly ResultRows[]): ReadonlySet<number> {
  return new Set(results.flatMap(({ rows: changed }) => changed.map(({ member }) => Number(member))));
}

function whoIsWho(items: readonly MemberItem[]): SQL {
  const wanted = rows(items.map(({ externalId }) => externalId));
  return sql`SELECT m.seq, m.id, m.external_id AS "externalId" FROM member m
    WHERE m.external_id IN (SELECT value FROM ${wanted})`;
}

function namesIn(found: ResultRows | undefined): Known["members"] {
  return new Map(
    found?.rows.map(({ externalId, seq, id }) => [String(externalId), { seq: Number(seq), id: String(id) }]),
  );
}
