import { LibsqlBatchError, LibsqlError } from "@libsql/core/api";
import { type Bound, type FileConnection, type FileResult, openConnection } from "./connection.ts";

export type { FileResult } from "./connection.ts";

/** A local file, spoken to as a remote database is, as far as we use that: calls run in turn, each whole. */
export interface FileClient {
  execute(statement: Bound): Promise<FileResult>;
  /** At most the first of its rows. */
  first(statement: Bound): Promise<FileResult>;
  /** All or none. */
  batch(statements: readonly Bound[], mode: "write"): Promise<FileResult[]>;
  /** For how long the last batch's statements held the process, ms, its commit not counted. */
  tookMs(): number;
  /** Until it ends, only it may use the client. */
  transaction(mode: "write"): Promise<FileTransaction>;
  /** Opens a new connection in place of one that is wedged. */
  mend(): Promise<void>;
  close(): void;
}

export interface FileTransaction {
  batch(statements: readonly Bound[]): Promise<FileResult[]>;
  commit(): Promise<void>;
  /** Takes it back, unless it was committed. */
  close(): void;
}

export interface FileSettings {
  /** `file:/path/to.db`. */
  readonly url: string;
  /** How long SQLite itself waits for others, ms; this long the process stands still. */
  readonly busyTimeoutMs: number;
  /** What is done on every connection before it is used. */
  readonly setUp: (run: (sql: string) => FileResult) => void;
  /** Milliseconds of a clock that nobody sets; without one, nothing is said of how long anything took. */
  readonly now?: () => number;
}

/**
 * Opens a local file, and throws where that cannot be. It has one connection: PRAGMAs belong to a connection, and a
 * second one would wait for the first and hold the process that is to end it.
 */
export function openFile(settings: FileSettings): FileClient {
  const path = pathOf(settings.url);
  let open: FileConnection | undefined = connect(path, settings);
  const { now = () => 0 } = settings;
  let [isClosed, tookMs] = [false, 0];
  const connection = () => {
    if (isClosed) throw new LibsqlError("The client is closed", "CLIENT_CLOSED");
    open ??= connect(path, settings);
    return open;
  };
  const drop = () => {
    open?.close();
    open = undefined;
  };
  /** Whatever is left open is taken back; a connection that cannot do that is not used again. */
  const takeBack = (on: FileConnection) => {
    try {
      if (on.isInTransaction()) on.run(rollback, "all");
    } catch {
      if (open === on) drop();
    }
  };
  return {
    execute: async (statement) => connection().run(statement, "all"),
    first: async (statement) => connection().run(statement, "first"),
    async batch(statements) {
      const on = connection();
      try {
        on.begin();
        const begun = now();
        const results = runEach(on, statements);
        tookMs = now() - begun;
        on.run(commit, "all");
        return results;
      } finally {
        takeBack(on);
      }
    },
    tookMs: () => tookMs,
    async transaction() {
      const on = connection();
      on.begin();
      return transactionOn(on, () => takeBack(on));
    },
    async mend() {
      if (open?.isWedged()) drop();
      connection();
    },
    close() {
      isClosed = true;
      drop();
    },
  };
}

function transactionOn(on: FileConnection, takeBack: () => void): FileTransaction {
  let isEnded = false; // and then the connection may be in another one's
  const checkOpen = () => {
    if (isEnded || !on.isInTransaction()) throw new LibsqlError("The transaction is closed", "TRANSACTION_CLOSED");
  };
  return {
    async batch(statements) {
      checkOpen();
      return runEach(on, statements);
    },
    async commit() {
      checkOpen();
      on.run(commit, "all");
      isEnded = true;
    },
    close() {
      if (!isEnded) takeBack();
      isEnded = true;
    },
  };
}

const bound = (sql: string): Bound => ({ sql, args: [] });
const [commit, rollback] = [bound("COMMIT"), bound("ROLLBACK")];

function runEach(on: FileConnection, statements: readonly Bound[]): FileResult[] {
  return statements.map((statement, n) => {
    try {
      return on.run(statement, "all");
    } catch (error) {
      if (!(error instanceof LibsqlError)) throw error;
      const { code, extendedCode, rawCode, cause } = error;
      const message = cause instanceof Error ? cause.message : error.message; // the code is put before it again
      throw new LibsqlBatchError(message, n, code, extendedCode, rawCode, error);
    }
  });
}

function connect(path: string, { busyTimeoutMs, setUp }: FileSettings): FileConnection {
  const connection = openConnection(path, busyTimeoutMs);
  try {
    setUp((sql) => connection.run(bound(sql), "all"));
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** The path that the address of a local file names: `file:` and a path, in which `%` begins a byte. */
export function pathOf(url: string): string {
  const [, path] = /^file:(?:\/\/(?:localhost)?(?=\/))?([^?#]+)$/i.exec(url) ?? [];
  if (path === undefined || path.startsWith("//")) {
    throw new LibsqlError(`${url} is no address of a local file: \`file:\` and a path`, "URL_INVALID");
  }
  return decodeURIComponent(path);
}
