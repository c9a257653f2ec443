import type { Timers } from "../../world.ts";
import type { Database, DatabaseSettings } from "../client.ts";
import { compile, type Query } from "../statement.ts";
import type { ReaderGone } from "./reader-process.ts";
import { plainCalls, readerProcesses } from "./readers.ts";
import { type Asker, type HeavyRefusal, inTurns, type Limits } from "./turns.ts";

export type { Asker, HeavyRefusal } from "./turns.ts";

/**
 * Reads that may look at every member: estimates, simulations, searches. They run beside – in a process of their own
 * on a local file, as a plain call on a remote database – so that neither claims nor the queue wait for them. They see
 * what is committed, so never an open transaction's writes; and none is to be awaited inside one, for that holds the
 * writer.
 */
export interface HeavyReads {
  all<Row>(query: Query): Promise<Row[] | HeavyRefusal>;
  first<Row>(query: Query): Promise<Row | undefined | HeavyRefusal>;
}

export interface HeavySettings extends Limits {
  /** How many run at a time, each in a process of its own; 0: in this process, where members are few. */
  readonly readers: number;
}

/** Everyone's heavy reads. */
export interface HeavyReader {
  /** The door of one asker. */
  of(asker: Asker): HeavyReads;
  close(): Promise<void>;
}

/** Opens the reader of a database; a local one starts its processes when somebody asks. */
export function openHeavyReader(
  { url }: DatabaseSettings,
  db: Database,
  settings: HeavySettings,
  { timers, onGone }: { readonly timers: Timers; readonly onGone: (why: ReaderGone) => void },
): HeavyReader {
  const apart = url.startsWith("file:") && settings.readers > 0;
  const runner = apart ? readerProcesses(url, timers, onGone) : plainCalls((statement) => db.all<object>(statement));
  const turns = inTurns(runner, { ...settings, readers: Math.max(1, settings.readers) }, timers);
  return { of: (asker) => door((query) => turns(compile(query), asker)), close: () => runner.close() };
}

/** Heavy reads of a database in this process, for tools that serve nobody beside. */
export function readsHere(db: Database): HeavyReads {
  return door((query) => db.all<object>(query));
}

function door(ask: (query: Query) => Promise<object[] | HeavyRefusal>): HeavyReads {
  // The one place where rows take the shape that their query's author names.
  const all = (query: Query) => ask(query) as Promise<never>;
  return {
    all,
    first: async (query) => {
      const rows = await ask(query);
      return (Array.isArray(rows) ? rows[0] : rows) as never;
    },
  };
}
