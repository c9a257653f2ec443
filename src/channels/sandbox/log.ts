import { Database } from "bun:sqlite";
import type { Timers } from "../../world.ts";
import { byChannel, externalNames } from "../catalog.ts";
import type { Envelope, ExternalChannelName } from "../channel.ts";
import { type ChannelFaults, noFaults } from "./faults.ts";
import { forgetMember } from "./forget.ts";

/** One request as the provider took it: whom it accepted and, by position in the request, whom it refused and why. */
export interface Entry {
  readonly channel: ExternalChannelName;
  /** The batch's id. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly accepted: readonly Envelope[];
  readonly refused: Refused;
  /** Where the provider recognises keys: a hash of the request, and since when keys count. */
  readonly repeat?: { readonly fingerprint: string; readonly since: number };
}

/** Reasons by position in the request. */
export type Refused = ReadonlyMap<number, string>;

/**
 * What the log has for a request: the `seq` of its first delivery (the others follow without a gap) and who was
 * refused.
 */
export type Taken =
  | { readonly kind: "taken"; readonly first: number; readonly refused: Refused }
  | { readonly kind: "conflict" };

export type SandboxLog = ReturnType<typeof openSandboxLog>;

/** Opens the sandbox's log, durable on every commit. Several processes may share the file. */
export function openSandboxLog(path: string, timers: Timers) {
  const db = new Database(path, { create: true, strict: true });
  for (const pragma of ["busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL"]) db.run(`PRAGMA ${pragma}`);
  const numbers = db
    .transaction(() => {
      db.run(tables);
      return channelNumbers(db);
    })
    .immediate();
  return {
    db,
    numbers,
    take: taker(db, numbers, timers),
    ...faultStore(db, numbers),
    purge: purger(db, timers),
    forget: (member: number) => forgetMember(db, member),
    close: () => db.close(),
  };
}

export type ChannelNumbers = Readonly<Record<ExternalChannelName, number>>;

/**
 * The numbers of the channels in this file. One that the file has not seen yet gets the next, so that none ever
 * changes.
 */
function channelNumbers(db: Database): ChannelNumbers {
  const add = db.query("INSERT OR IGNORE INTO channel SELECT coalesce(max(id) + 1, 0), ? FROM channel");
  for (const name of externalNames) add.run(name);
  const known = db.query<{ id: number }, [string]>("SELECT id FROM channel WHERE name = ?");
  return byChannel(externalNames, (name) => known.get(name)?.id ?? -1);
}

// Ids are kept small: a run's name once, member numbers as integers, channel and time with the batch or as a digit.
// Contents lie apart, so that looking through recipients reads no pages of HTML.
const tables = `
  CREATE TABLE IF NOT EXISTS channel (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel INTEGER NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL,
    first INTEGER NOT NULL, refused TEXT NOT NULL, fingerprint TEXT);
  CREATE INDEX IF NOT EXISTS batch_by_key ON batch (key);
  CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL, channel INTEGER NOT NULL,
    run INTEGER NOT NULL, member, recipient TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS delivery_by_ref ON delivery (run, member, channel);
  CREATE TABLE IF NOT EXISTS forgotten (member PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS content (seq INTEGER PRIMARY KEY, parts TEXT NOT NULL, unsubscribe TEXT);
  CREATE TABLE IF NOT EXISTS fault (
    channel INTEGER PRIMARY KEY, fail REAL NOT NULL, busy REAL NOT NULL, "drop" REAL NOT NULL, late REAL NOT NULL,
    lateMs REAL NOT NULL, delayMs REAL NOT NULL);
  CREATE VIEW IF NOT EXISTS delivered AS
    SELECT d.seq, n.name AS channel, b.key AS batch,
      CASE r.name WHEN '' THEN '' ELSE r.name || ':' END || d.member AS ref, d.recipient, c.parts, c.unsubscribe, b.at
    FROM delivery d JOIN channel n ON n.id = d.channel JOIN batch b ON b.id = d.batch
      JOIN run r ON r.id = d.run JOIN content c ON c.seq = d.seq`;

interface KnownBatch {
  readonly first: number;
  readonly refused: string;
  readonly fingerprint: string | null;
}

function taker(db: Database, numbers: ChannelNumbers, timers: Timers) {
  const known = db.query<KnownBatch, [string, number, number]>(
    "SELECT first, refused, fingerprint FROM batch WHERE key = ? AND channel = ? AND at > ? ORDER BY id DESC LIMIT 1",
  );
  const record = recorder(db, numbers);
  const takeOne = (entry: Entry): Taken => {
    const { channel, key, repeat } = entry;
    const earlier = repeat ? known.get(key, numbers[channel], repeat.since) : null;
    if (!earlier) return { kind: "taken", first: record(entry), refused: entry.refused };
    if (earlier.fingerprint !== repeat?.fingerprint) return { kind: "conflict" };
    return { kind: "taken", first: earlier.first, refused: refusedFrom(earlier.refused) };
  };
  /** Writes a request down, or answers what an earlier one under its key was told. On disk when it resolves. */
  return groupCommit(timers, db.transaction((entries: readonly Entry[]) => entries.map(takeOne)).immediate);
}

/** Requests of the same moment share one commit: the disk is asked once for all of them. */
function groupCommit<In, Out>(
  timers: Timers,
  commit: (inputs: readonly In[]) => readonly Out[],
): (input: In) => Promise<Out> {
  let inputs: In[] = [];
  let committed: Promise<readonly Out[]> | undefined;
  return async (input) => {
    const position = inputs.push(input) - 1;
    committed ??= new Promise<void>((resolve) => timers.soon(resolve)).then(() => {
      const group = inputs;
      inputs = [];
      committed = undefined;
      return commit(group);
    });
    const outputs = await committed;
    const output = outputs[position];
    if (output === undefined) throw new Error("a request got no answer");
    return output;
  };
}

function recorder(db: Database, numbers: ChannelNumbers) {
  const run = db.query<{ id: number }, [string]>(
    "INSERT INTO run (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id",
  );
  const next = db.query<{ seq: number }, []>(
    "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'delivery'), 0) + 1 AS seq",
  );
  const batch = db.query("INSERT INTO batch (channel, key, at, first, refused, fingerprint) VALUES (?, ?, ?, ?, ?, ?)");
  const delivery = db.query(
    "INSERT INTO delivery (seq, batch, channel, run, member, recipient) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const content = db.query("INSERT INTO content (seq, parts, unsubscribe) VALUES (?, ?, ?)");
  const forgotten = db.query("SELECT 1 FROM forgotten WHERE member = ?");
  // One prepared statement repeated inside the transaction was faster here than json_each or many VALUES.
  return ({ channel, key, at, accepted, refused, repeat }: Entry): number => {
    const number = numbers[channel];
    const first = next.get()?.seq ?? 1;
    const { lastInsertRowid: id } = batch.run(
      number,
      key,
      at,
      first,
      JSON.stringify(Object.fromEntries(refused)),
      repeat?.fingerprint ?? null,
    );
    const runs = new Map<string, number>();
    accepted.forEach(({ ref, to, parts, unsubscribeUrl }, index) => {
      const { run: name, member } = splitRef(ref);
      const runId = runs.get(name) ?? run.get(name)?.id ?? 0;
      runs.set(name, runId);
      const isGone = forgotten.get(member) !== null;
      delivery.run(first + index, id, number, runId, member, isGone ? "[]" : recipientText(to));
      content.run(first + index, isGone ? "{}" : JSON.stringify(parts), isGone ? null : (unsubscribeUrl ?? null));
    });
    return first;
  };
}

function faultStore(db: Database, numbers: ChannelNumbers) {
  const all = db.query<ChannelFaults & { channel: number }, []>("SELECT * FROM fault");
  const set = db.query("INSERT OR REPLACE INTO fault VALUES (?, ?, ?, ?, ?, ?, ?)");
  return {
    faults(): Readonly<Record<ExternalChannelName, ChannelFaults>> {
      const rows = new Map(all.all().map(({ channel, ...faults }) => [channel, faults]));
      return byChannel(externalNames, (name) => rows.get(numbers[name]) ?? noFaults);
    },
    setFaults(name: ExternalChannelName, faults: Partial<ChannelFaults>): void {
      const { fail, busy, drop, late, lateMs, delayMs } = { ...noFaults, ...faults };
      set.run(numbers[name], fail, busy, drop, late, lateMs, delayMs);
    },
  };
}

/** What is dropped, in small steps: deliveries that are older or too many, and the keys of batches that are older. */
interface Purge {
  readonly olderThan: number;
  readonly max: number;
  readonly keysBefore: number;
}

function purger(db: Database, timers: Timers) {
  const kept = db.query<{ seq: number | null }, [number]>("SELECT min(first) AS seq FROM batch WHERE at >= ?");
  const oldest = db.query<{ seq: number | null }, []>("SELECT min(seq) AS seq FROM delivery");
  const newest = db.query<{ seq: number | null }, []>("SELECT max(seq) AS seq FROM delivery");
  const drop = db.transaction((below: number) => {
    db.run("DELETE FROM content WHERE seq < ?", [below]);
    return db.run("DELETE FROM delivery WHERE seq < ?", [below]).changes;
  });
  return async ({ olderThan, max, keysBefore }: Purge): Promise<number> => {
    const tooMany = (newest.get()?.seq ?? 0) - max + 1;
    const end = Math.max(kept.get(olderThan)?.seq ?? Number.MAX_SAFE_INTEGER, tooMany);
    let gone = 0;
    for (;;) {
      const from = oldest.get()?.seq ?? null;
      if (from === null || from >= end) break;
      gone += drop.immediate(Math.min(end, from + 5_000));
      await timers.sleep(0);
    }
    db.run("DELETE FROM batch WHERE at < ? AND id < (SELECT coalesce(min(batch), 9e18) FROM delivery)", [keysBefore]);
    return gone;
  };
}

/** `run:member` in two; a member's number becomes an integer where nothing is lost by it. */
export function splitRef(ref: string): { readonly run: string; readonly member: string | number } {
  const colon = ref.lastIndexOf(":");
  const member = ref.slice(colon + 1);
  return {
    run: ref.slice(0, Math.max(colon, 0)),
    member: /^(0|[1-9]\d{0,14})$/.test(member) ? Number(member) : member,
  };
}

/** One address as it is, several as a JSON list. */
function recipientText(to: readonly string[]): string {
  const [only] = to;
  return to.length === 1 && only !== undefined && !only.startsWith("[") ? only : JSON.stringify(to);
}

function refusedFrom(text: string): Refused {
  return new Map(Object.entries(JSON.parse(text)).map(([index, reason]) => [Number(index), String(reason)]));
}
