import { chmodSync } from "node:fs";
import type { ResultSet } from "@libsql/client";
import { drizzle, type SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import { SetupError } from "../errors.ts";
import { type BusyWorld, withBusyRetry } from "./busy.ts";
import { type FileClient, type FileResult, openFile, pathOf } from "./local/client.ts";
import { fetchAnswer, isTooLong, readInPieces } from "./remote-answer.ts";
import { bindable, compile, type Query, type Statement } from "./statement.ts";
import { createWriter, type Writer } from "./writer.ts";

/**
 * The database, or an open transaction on it: both answer the same calls.
 * Every write of this process goes through one queue, because a waiting writer on a local file would block the event
 * loop that the holder needs to finish.
 */
export interface Database {
  /** Drizzle, for ordinary typed queries. Its writes take the queue, too. */
  readonly orm: SqliteRemoteDatabase;
  /** Reads rows. Integers come as `number` (beyond 2^53 they throw), blobs as `ArrayBuffer`. */
  all<Row>(query: Query): Promise<Row[]>;
  /** Reads the first row, or nothing. */
  first<Row>(query: Query): Promise<Row | undefined>;
  /**
   * Writes all statements or none: one non-interactive batch, one round trip, durable when it resolves.
   * Batches that wait together share a commit. A batch may be run again after a busy or broken
   * connection, so its statements carry their own guards.
   */
  write(queries: readonly Query[]): Promise<ResultSet[]>;
  /**
   * An interactive transaction, for operators' mutations only; never held across a network call. Nested calls join it.
   * `work` is run again, for 30 s at most, when a busy or remote database took it back: what it does elsewhere may be
   * done twice.
   */
  transaction<T>(work: (tx: Database) => Promise<T>): Promise<T>;
}

export interface RootDatabase extends Database {
  /** Where it is, for people: the file, or the address without what is secret in it. */
  readonly place: string;
  /** Calls the listener after each commit in which a statement that notifies this name wrote rows. */
  onCommit(name: string, listener: () => void): void;
  close(): Promise<void>;
}

export interface DatabaseSettings {
  /** `file:/path/to.db`, or the address of a remote libSQL (`libsql://`, `https://`, `http://`). */
  readonly url: string;
  readonly authToken?: string | undefined;
  /** How long a remote one may take to answer, ms; 30 s unless given, longer than it waits for a lock. */
  readonly answerMs?: number;
}

/** Where a database is, for people: the file, or the address without what is secret in it. */
export function placeOf({ url }: Pick<DatabaseSettings, "url">): string {
  if (url.startsWith("file:")) return url.slice("file:".length);
  const parsed = URL.parse(url);
  return parsed?.host ? `${parsed.protocol}//${parsed.host}` : "at an unreadable address";
}

/** Opens the database; a local file gets WAL with `synchronous=FULL`, asserted on every connection. */
export async function openDatabase(settings: DatabaseSettings, world: BusyWorld): Promise<RootDatabase> {
  const local = settings.url.startsWith("file:");
  return local ? openLocal(settings, world) : openRemote(settings, world);
}

async function openLocal(settings: DatabaseSettings, world: BusyWorld): Promise<RootDatabase> {
  keepPrivate(settings.url);
  const open = () =>
    withBusyRetry(
      world,
      async () => connect(settings.url, world),
      async () => {},
    );
  const [writing, reading] = [await open(), await open()];
  const again = (work: () => Promise<FileResult>) => withBusyRetry(world, work, () => reading.mend());
  const reads: Reads = {
    all: (statement) => again(() => reading.execute(statement)),
    first: (statement) => again(() => reading.first(statement)),
  };
  const writer = createWriter(world, writing, () => writing.mend());
  return rootOf(settings, reads, writer, [writing, reading]);
}

async function openRemote(settings: DatabaseSettings, world: BusyWorld): Promise<RootDatabase> {
  const { url, authToken, answerMs = 30_000 } = settings;
  const { createClient } = await import("@libsql/client"); // with all that speaks over networks: files need none of it
  const fetch = (request: Request) => fetchAnswer(request, answerMs);
  const client = createClient({ url, ...(authToken ? { authToken } : {}), intMode: "number", fetch });
  const reconnect = async () => {}; // each request stands by itself, and others are under way
  const ask = (statement: Statement) =>
    client.execute(statement).catch((error) => {
      if (!isTooLong(error)) throw error;
      return readInPieces(client, statement);
    });
  const read = (statement: Statement) => withBusyRetry(world, () => ask(statement), reconnect);
  return rootOf(settings, { all: read, first: read }, createWriter(world, client, reconnect), [client]);
}

function rootOf(
  settings: DatabaseSettings,
  reads: Reads,
  writer: Writer,
  clients: readonly { close(): void }[],
): RootDatabase {
  return {
    place: placeOf(settings),
    ...queries(reads, (batch) => writer.batch(batch)),
    transaction: (work) => writer.transaction(async (tx) => work(joined((list) => tx.batch(list)))),
    onCommit: (name, listener) => writer.onCommit(name, listener),
    close: async () => {
      await writer.idle();
      for (const client of clients) client.close();
    },
  };
}

/** A transaction in progress, as a {@link Database}. */
function joined(batch: Writes): Database {
  const read = async (statement: Statement) => only(await batch([statement]));
  const self: Database = {
    ...queries({ all: read, first: read }, batch),
    transaction: (work) => work(self),
  };
  return self;
}

interface Reads {
  all(statement: Statement): Promise<ResultSet>;
  /** At least the first row. */
  first(statement: Statement): Promise<ResultSet>;
}
type Writes = (statements: readonly Statement[]) => Promise<ResultSet[]>;

function queries(read: Reads, write: Writes): Omit<Database, "transaction"> {
  return {
    orm: drizzle(async (sql, args, method) => {
      const statement = { sql, args: args.map(bindable) };
      const rows = valuesOf(isRead(sql) ? await read.all(statement) : only(await write([statement])));
      return { rows: method === "get" ? (rows[0] ?? []) : rows };
    }),
    all: async <Row>(query: Query) => asRows<Row>(await read.all(compile(query))),
    first: async <Row>(query: Query) => asRows<Row>(await read.first(compile(query)))[0],
    write: async (list) => (list.length === 0 ? [] : write(list.map(compile))),
  };
}

function valuesOf(result: ResultSet | FileResult): unknown[][] {
  return "values" in result ? result.values : result.rows.map((row) => Array.from(row));
}

function isRead(text: string): boolean {
  return /^\s*(select|with|explain|pragma)\b/i.test(text);
}

function only(results: ResultSet[]): ResultSet {
  const [result] = results;
  if (!result) throw new Error("a statement answered nothing");
  return result;
}

/** The one place where rows take the shape that their query's author names. */
function asRows<Row>(result: ResultSet): Row[] {
  return result.rows as unknown[] as Row[];
}

/** How long SQLite itself waits for another process, in milliseconds: this long the event loop stands still. */
const busyTimeoutMs = 10;

function connect(url: string, { timers }: BusyWorld): FileClient {
  return openFile({ url, busyTimeoutMs, setUp: assertPragmas, now: () => timers.now() });
}

/** Wherever the file lies, and whatever it was: its owner alone reads it, and what SQLite makes beside it. */
function keepPrivate(url: string): void {
  const path = pathOf(url);
  for (const each of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      chmodSync(each, 0o600);
    } catch {
      // another user's, or not there
    }
  }
}

function assertPragmas(run: (sql: string) => FileResult): void {
  run("PRAGMA journal_mode = WAL");
  for (const set of [
    "synchronous = FULL",
    "foreign_keys = ON",
    `busy_timeout = ${busyTimeoutMs}`,
    "cache_size = -4000",
  ]) {
    run(`PRAGMA ${set}`);
  }
  const [journal, synchronous] = ["journal_mode", "synchronous"].map((name) => run(`PRAGMA ${name}`).values[0]?.[0]);
  if (journal !== "wal" || Number(synchronous) !== 2) {
    throw new SetupError(
      "the database file cannot be held in WAL mode with synchronous=FULL; is it on a network drive?",
    );
  }
}
