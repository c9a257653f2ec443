import { Database as QueueFile } from "bun:sqlite";
import DatabaseFile from "libsql";

/** When something happens to a file. */
export type CommitMoment = "before commit" | "after commit";

/** Thrown into what a process does after its death; nothing comes of it. */
export class Crashed extends Error {
  override name = "Crashed";
}

interface Handle {
  close(): void;
  readonly inTransaction: boolean;
  /** Of libsql's, which must not be asked anything once they are closed. */
  readonly open?: boolean;
  readonly filename?: string;
}

/**
 * The files under the process: who has them open, and what befalls their commits. What was committed is there after a
 * crash, and nothing else, as after `kill -9`.
 */
export interface Disk {
  /** Called around every commit of the process; what it throws reaches the one who commits. */
  onCommit: (moment: CommitMoment, file: string) => void;
}

/** Another process's connection to a file: what befalls ours does not befall it. */
export function openBeside(path: string): DatabaseFile.Database {
  const handle = new DatabaseFile(path);
  outsiders.add(handle);
  handle.pragma("busy_timeout = 0");
  return handle;
}

/**
 * Somebody who looks at the queue's file, by the library that the queue itself opens it with: two in one process take
 * each other's locks away.
 */
export function lookIntoQueue<Row>(path: string, text: string, value: string): Row[] {
  return beside(new QueueFile(path, { readonly: true }), (handle) => handle.prepare<Row, [string]>(text).all(value));
}

/** The same hand changes something there. */
export function changeQueue(path: string, text: string, value: number): void {
  beside(new QueueFile(path, { readwrite: true }), (handle) => handle.prepare(text).run(value));
}

function beside<Answer>(handle: QueueFile, work: (handle: QueueFile) => Answer): Answer {
  outsiders.add(handle);
  try {
    return work(handle);
  } finally {
    handle.close(true);
  }
}

/** What SQLite says when a disk is full. */
export function fullDisk(): Error {
  return new DatabaseFile.SqliteError("database or disk is full", "SQLITE_FULL", 13);
}

const outsiders = new WeakSet<object>();

const none: Disk = { onCommit: () => {} };
let disk = none;
let isDead = false;
const handles = new Set<Handle>();

/** From now on this hears of commits. */
export function writeOn(next: Disk): void {
  disk = next;
}

/** From now on no statement of the process does anything. */
export function killFiles(): void {
  isDead = true;
}

/** Closes what a dead process had open, and lets the next one begin. */
export function buryFiles(): void {
  for (const handle of handles) {
    try {
      // Closed, a connection lives on in its statements until they are collected, and so would its lock.
      if (handle.open !== false && handle.inTransaction) executePlain.get(handle.constructor)?.call(handle, "ROLLBACK");
      handle.close();
    } catch {
      // closed before it died
    }
  }
  handles.clear();
  isDead = false;
}

type Call = (this: object, ...args: unknown[]) => unknown;
type Methods = Record<string, Call>;

const files = new WeakMap<Handle, string>();

/** The last part of the file's path, which libsql tells in SQL alone. */
function fileOf(handle: Handle): string {
  const known = files.get(handle);
  if (known !== undefined) return known;
  const path = handle.filename ?? pathInSql(handle as DatabaseFile.Database);
  const name = path.split("/").at(-1) ?? "";
  files.set(handle, name);
  return name;
}

/** What runs a statement on a connection without telling of it. */
const executeOf = (of: { readonly prototype: object }): Call => Reflect.get(of.prototype, "exec");
const executePlain = new Map<unknown, Call>([
  [QueueFile, executeOf(QueueFile)],
  [DatabaseFile, executeOf(DatabaseFile as never)],
]);

const preparePlain = DatabaseFile.prototype.prepare;

function pathInSql(handle: DatabaseFile.Database): string {
  const [main] = preparePlain.call(handle, "PRAGMA database_list").all([]) as { file: string }[];
  return main?.file ?? "";
}

const isCommit = (text: string) => /^\s*commit\b/i.test(text);

function alive(): void {
  if (isDead) throw new Crashed("the process is dead");
}

function commit(handle: Handle, real: () => unknown): unknown {
  const file = fileOf(handle);
  disk.onCommit("before commit", file);
  alive();
  const answer = real();
  disk.onCommit("after commit", file);
  alive();
  return answer;
}

/** Has a statement tell of what it does. */
function tell(statement: Methods, text: string, handle: Handle): void {
  const commits = isCommit(text);
  for (const name of ["run", "get", "all", "values"]) {
    const real = statement[name];
    if (!real) continue;
    statement[name] = function (...args) {
      alive();
      if (commits) return commit(handle, () => real.apply(this, args));
      return real.apply(this, args);
    };
  }
}

/** Takes a class of connections over. */
function watch({ prototype }: { readonly prototype: object }): void {
  const methods = prototype as Methods;
  const replace = (name: string, by: (real: Call) => Call) => {
    const real = methods[name];
    if (real) methods[name] = by(real);
  };
  for (const name of ["prepare", "query"])
    replace(
      name,
      (real) =>
        function (...args) {
          if (outsiders.has(this)) return real.apply(this, args);
          alive();
          handles.add(this as Handle);
          const statement = real.apply(this, [virtual(String(args[0])), ...args.slice(1)]) as Methods;
          if (!told.has(statement)) tell(statement, String(args[0]), this as Handle);
          told.add(statement);
          return statement;
        },
    );
  for (const name of ["exec", "run"])
    replace(
      name,
      (real) =>
        function (...args) {
          if (outsiders.has(this)) return real.apply(this, args);
          alive();
          handles.add(this as Handle);
          if (isCommit(String(args[0]))) return commit(this as Handle, () => real.apply(this, args));
          return real.apply(this, args);
        },
    );
}

/**
 * A statement as it is run here: nobody waits for a lock in real time, and codes that SQLite makes by its own chance
 * are made of the coupons that there are and of the member, in whose place a column of that name stands.
 */
function virtual(text: string): string {
  return text
    .replace(/busy_timeout = \d+/, "busy_timeout = 0")
    .replaceAll(/\brandom\(\)/g, "(((SELECT count(*) FROM coupon) * 7919 + member) * 2654435761)");
}

/** `query` hands out statements that `prepare` made. */
const told = new WeakSet<object>();

watch(QueueFile);
watch(DatabaseFile as never);
