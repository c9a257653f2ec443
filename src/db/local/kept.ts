import type Database from "libsql";
import { type Named, namedRows } from "./rows.ts";

/** For all of its rows, or for the first alone, which costs half as much. */
export type Way = "all" | "first";

/** A statement that is ready to run. */
export interface Ready {
  readonly statement: Database.Statement;
  readonly text: string;
  readonly way: Way;
  readonly answersRows: boolean;
  /** Whether its rows are those that it wrote. */
  readonly writes: boolean;
  /** Whether the schema says which columns it answers. */
  readonly saysAll: boolean;
  /** How many values it was run with: those that a later run does not give would be the former's. */
  readonly places: number;
  named: Named | undefined;
  /** How long the values are that it was run with last, in characters: it keeps a copy until it runs again. */
  holds: number;
  /** When it was last asked for, by the count of what was asked for. */
  used: number;
}

/** Statements of one connection that are kept ready, by their text. */
export interface Kept {
  of(text: string, places: number, way: Way): Ready;
  /** Is told how long the values are that it was run with. */
  ran(ready: Ready, length: number): void;
  drop(text: string, way: Way): void;
}

/** How many are kept of each way; one takes 3 KiB, or up to 70 where it sets off triggers. */
const most = 250;
/** How long the values are that those of a connection hold, together, in characters. */
const mostHeld = 4_194_304;
/** How many texts that were asked for once are known. */
const mostSeen = 5_000;

/**
 * Keeps statements ready, for to prepare one costs more than to run it. Kept is what is asked for the second time: what
 * is asked once pushes nothing out. When there are too many, what was not asked for the longest goes; when their values
 * are too long, the longest. One that is dropped holds its values, unseen by the heap, until it is collected: a file of
 * a million rows would leave many megabytes so.
 *
 * libsql leaves a statement that ran for all of its rows at its end, where a run for the first row would not take its
 * new values: so none serves both ways. What failed is to be dropped, for the same reason.
 */
export function keptStatements(db: Database.Database): Kept {
  const kept = { all: new Map<string, Ready>(), first: new Map<string, Ready>() };
  const seen = new Set<number>();
  let [asked, held] = [0, 0];
  const drop = (ready: Ready | undefined) => {
    if (ready && kept[ready.way].get(ready.text) === ready) {
      kept[ready.way].delete(ready.text);
      held -= ready.holds;
    }
  };
  const isKnown = (text: string) => {
    const mark = Bun.hash.xxHash32(text);
    if (seen.has(mark)) return true;
    if (seen.size >= mostSeen) seen.clear();
    seen.add(mark);
    return false;
  };
  return {
    of(text, places, way) {
      const ready = kept[way].get(text);
      if (ready?.places === places) {
        ready.used = ++asked;
        return ready;
      }
      drop(ready);
      const fresh = { ...prepare(db, text), text, way, places, named: undefined, holds: 0, used: ++asked };
      if (isKeepable(text) && isKnown(text)) {
        if (kept[way].size >= most) drop(leastOf(kept[way].values(), ({ used }) => used));
        kept[way].set(text, fresh);
      }
      return fresh;
    },
    ran(ready, length) {
      if (kept[ready.way].get(ready.text) !== ready) return;
      held += length - ready.holds;
      ready.holds = length;
      while (held > mostHeld) drop(leastOf([...kept.all.values(), ...kept.first.values()], ({ holds }) => -holds));
    },
    drop: (text, way) => drop(kept[way].get(text)),
  };
}

/**
 * Whether it may run again as it was prepared. Some of SQLite's pragmas take effect while they are prepared, and what
 * changes the schema is not asked often.
 */
function isKeepable(text: string): boolean {
  return /^\s*(SELECT|WITH|INSERT|UPDATE|DELETE|BEGIN|COMMIT|ROLLBACK)\b/i.test(text);
}

function prepare(db: Database.Database, text: string) {
  const statement = db.prepare(text).safeIntegers(true);
  const writes = /^\s*(INSERT|UPDATE|DELETE)\b/i.test(text);
  return { statement, answersRows: answersRows(statement), writes, saysAll: /[\s.]\*\s*(,|FROM\b|$)/i.test(text) };
}

function answersRows(statement: Database.Statement): boolean {
  try {
    statement.raw(true);
    return true;
  } catch {
    return false; // `raw` is for what answers rows, and says so
  }
}

function leastOf(list: Iterable<Ready>, of: (ready: Ready) => number): Ready | undefined {
  let [least, found]: [number, Ready | undefined] = [Number.POSITIVE_INFINITY, undefined];
  for (const ready of list) if (of(ready) < least) [least, found] = [of(ready), ready];
  return found;
}

/** The names of its columns, once it ran. They are read again where the schema may have changed them since. */
export function namesOf(ready: Ready, width: number | undefined): Named {
  const isKnown = ready.named && !ready.saysAll && (width === undefined || width === ready.named.columns.length);
  if (!ready.named || !isKnown) ready.named = namedRows(ready.statement.columns().map(({ name }) => name));
  return ready.named;
}
