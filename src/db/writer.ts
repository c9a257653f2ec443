import type { ResultSet } from "@libsql/client";
import { type BusyWorld, isBusy, withBusyRetry } from "./busy.ts";
import type { Statement } from "./statement.ts";

/** The process's one queue of writes. */
export interface Writer {
  batch(statements: readonly Statement[]): Promise<ResultSet[]>;
  /** Runs `work` once more when the database took its transaction back. */
  transaction<T>(work: (tx: OpenTransaction) => Promise<T>): Promise<T>;
  onCommit(name: string, listener: () => void): void;
  idle(): Promise<void>;
}

/** What it writes with: a remote client, or one of a local file. */
interface Client {
  batch(statements: Statement[], mode: "write"): Promise<ResultSet[]>;
  /** For how long the last batch's statements held the process, ms, its commit not counted; a remote one does not. */
  tookMs?(): number;
  transaction(mode: "write"): Promise<Transaction>;
}

interface Transaction {
  batch(statements: Statement[]): Promise<ResultSet[]>;
  commit(): Promise<void>;
  close(): void;
}

/** What the work of an interactive transaction may do with it. */
export interface OpenTransaction {
  batch(statements: readonly Statement[]): Promise<ResultSet[]>;
}

interface Batch {
  readonly statements: readonly Statement[];
  readonly resolve: (results: ResultSet[]) => void;
  readonly reject: (error: unknown) => void;
}
type Job = Batch | { readonly run: () => Promise<void> };

/** Statements that share one commit at most; fewer where they hold the process for longer than they may. */
const groupLimit = 400;
/** For how long the statements of a commit may hold the process, ms, unless one batch by itself does longer. */
const groupMs = 15;

/**
 * Makes the queue. Batches waiting together are committed together (one fsync or round trip for all); when such a group
 * fails, each of its batches is run alone, so that a faulty one harms no other.
 */
export function createWriter(world: BusyWorld, client: Client, reconnect: () => Promise<void>): Writer {
  const waiting: Job[] = [];
  const listeners: { readonly name: string; readonly call: () => void }[] = [];
  let draining: Promise<void> | undefined;

  const committed = (statements: readonly Statement[], results: readonly ResultSet[]) => {
    const written = new Set(statements.flatMap(({ notifies }, n) => (results[n]?.rowsAffected ? [notifies] : [])));
    for (const { name, call } of listeners) if (written.has(name)) call();
  };
  const pace = pacing();
  const commit = async (statements: readonly Statement[]) => {
    const results = await withBusyRetry(world, () => client.batch([...statements], "write"), reconnect);
    pace.took(statements.length, client.tookMs?.() ?? 0);
    committed(statements, results);
    return results;
  };
  const drain = async () => {
    // Let everything that arrives in this turn of the event loop join the first group.
    await new Promise<void>((resolve) => world.timers.soon(resolve));
    while (waiting.length > 0) {
      const group = takeGroup(waiting, pace.limit());
      if (group.length > 0) await commitGroup(group, commit);
      else await runAlone(waiting);
      // Others are let in between two that took their time: all of this is done within one turn of the event loop.
      if (group.length === 0 || pace.isLong()) await new Promise<void>((resolve) => world.timers.soon(resolve));
    }
    draining = undefined;
  };
  const push = (job: Job) => {
    waiting.push(job);
    draining ??= drain();
  };
  const open = () => client.transaction("write");
  const alone = <T>(work: () => Promise<T>) =>
    new Promise<T>((resolve, reject) => push({ run: () => work().then(resolve, reject) }));

  return {
    batch: (statements) => new Promise((resolve, reject) => push({ statements, resolve, reject })),
    transaction: (work) => alone(() => withBusyRetry(world, () => interactive(open, work, committed), reconnect)),
    onCommit: (name, call) => void listeners.push({ name, call }),
    idle: async () => {
      while (draining) await draining;
    },
  };
}

/** How many statements may share a commit, from how long the last ones held the process. */
function pacing() {
  let [limit, lastMs] = [groupLimit, 0];
  return {
    limit: () => limit,
    isLong: () => lastMs > groupMs / 3,
    took(statements: number, ms: number): void {
      lastMs = ms;
      limit = ms > groupMs ? Math.max(1, Math.floor((statements * groupMs) / ms)) : Math.min(groupLimit, limit * 2);
    },
  };
}

/** Takes the batches at the head of the queue, as many as may share a commit; none when a transaction is first. */
function takeGroup(waiting: Job[], limit: number): Batch[] {
  const group: Batch[] = [];
  let size = 0;
  for (let next = waiting[0]; next && "statements" in next; next = waiting[0]) {
    size += next.statements.length;
    if (group.length > 0 && size > limit) break;
    group.push(next);
    waiting.shift();
  }
  return group;
}

async function runAlone(waiting: Job[]): Promise<void> {
  const job = waiting.shift();
  if (job && "run" in job) await job.run();
}

async function commitGroup(
  group: readonly Batch[],
  commit: (statements: readonly Statement[]) => Promise<ResultSet[]>,
): Promise<void> {
  try {
    const results = await commit(group.flatMap((batch) => batch.statements));
    let at = 0;
    for (const batch of group) {
      batch.resolve(results.slice(at, at + batch.statements.length));
      at += batch.statements.length;
    }
  } catch (error) {
    const [first, ...others] = group;
    if (others.length === 0) return first?.reject(error);
    for (const batch of group) await commitGroup([batch], commit);
  }
}

async function interactive<T>(
  open: () => Promise<Transaction>,
  work: (tx: OpenTransaction) => Promise<T>,
  committed: (statements: readonly Statement[], results: readonly ResultSet[]) => void,
): Promise<T> {
  const tx = await open();
  const written: Statement[] = [];
  const results: ResultSet[] = [];
  const inTurn = takingTurns();
  let undone: { readonly error: unknown } | undefined;
  const batch = async (statements: readonly Statement[]) => {
    // What is sent to a transaction that was taken back would be done by itself, and stay.
    if (undone) throw undone.error;
    try {
      return await tx.batch([...statements]);
    } catch (error) {
      if (isBusy(error)) undone = { error };
      throw error;
    }
  };
  try {
    const answer = await work({
      batch: async (statements) => {
        const done = await inTurn(() => batch(statements));
        written.push(...statements);
        results.push(...done);
        return done;
      },
    });
    if (undone) throw undone.error; // perhaps `work` was content
    await tx.commit();
    committed(written, results);
    return answer;
  } catch (error) {
    throw undone ? undone.error : error; // whatever `work` made of it
  } finally {
    tx.close();
  }
}

/** Runs one after the other what is asked for at the same time. */
function takingTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
}
