import {
  type Batch,
  type Connection,
  describe,
  execute,
  executeBatch,
  HranaFault,
  openDatabase,
  type Stmt,
  sequence,
} from "./hrana-sql.ts";

export interface HranaOptions {
  /** The bearer token that every request must carry. */
  readonly authToken?: string;
  /** How long an idle stream lives; its transaction is rolled back with it. libSQL's server takes 10 s. */
  readonly streamExpiryMs?: number;
  /** How long a writer waits for another stream's transaction before it hears SQLITE_BUSY. */
  readonly lockPatienceMs?: number;
}

/** A remote libSQL for tests: its HTTP protocol (Hrana 2 and 3 as JSON) in front of a real file. */
export interface HranaServer {
  readonly url: string;
  /** Round trips so far. */
  readonly requests: number;
  /** Streams that hold a connection. */
  readonly streams: number;
  /** Does the next request's work and loses the answer, as a proxy that gives up does. */
  loseNextAnswer(): void;
  stop(): Promise<void>;
}

export async function startHrana(path: string, options: HranaOptions = {}): Promise<HranaServer> {
  const streams = keepStreams(path, options.streamExpiryMs ?? 10_000, options.lockPatienceMs ?? 5_000);
  let requests = 0;
  let losing = false;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const url = new URL(request.url);
      if (request.method === "GET" && /^\/v[23]\/?$/.test(url.pathname)) return new Response("Hrana over HTTP");
      const token = options.authToken && `Bearer ${options.authToken}`;
      if (token && request.headers.get("authorization") !== token) {
        return Response.json({ error: "Unauthorized: the token is missing or wrong" }, { status: 401 });
      }
      if (!/^\/v[23]\/pipeline$/.test(url.pathname)) return new Response("not found", { status: 404 });
      requests += 1;
      const lost = losing;
      losing = false;
      const response = await answer(streams, (await request.json()) as Pipeline);
      return lost ? new Response("upstream timed out", { status: 502 }) : response;
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    get requests() {
      return requests;
    },
    get streams() {
      return streams.size();
    },
    loseNextAnswer() {
      losing = true;
    },
    async stop() {
      await server.stop(true);
      streams.closeAll();
    },
  };
}

interface Pipeline {
  baton?: string | null;
  requests: StreamRequest[];
}

type StreamRequest =
  | { type: "close" | "get_autocommit" }
  | { type: "execute"; stmt: Stmt }
  | { type: "batch"; batch: Batch }
  | { type: "sequence" | "describe"; sql?: string; sql_id?: number }
  | { type: "store_sql"; sql_id: number; sql: string }
  | { type: "close_sql"; sql_id: number };

async function answer(streams: Streams, { baton, requests }: Pipeline): Promise<Response> {
  const stream = streams.take(baton);
  if (stream instanceof Response) return stream;
  const results: unknown[] = [];
  try {
    for (const request of requests) results.push(await outcome(stream, request));
  } catch (fault) {
    streams.discard(stream);
    if (fault instanceof ProtocolFault) return new Response(fault.message, { status: 400 });
    throw fault;
  }
  return Response.json({ baton: streams.giveBack(stream), base_url: null, results });
}

async function outcome(stream: Stream, request: StreamRequest): Promise<unknown> {
  try {
    return { type: "ok", response: { type: request.type, ...(await serve(stream, request)) } };
  } catch (fault) {
    if (fault instanceof HranaFault) return { type: "error", error: fault };
    throw fault;
  }
}

async function serve(stream: Stream, request: StreamRequest): Promise<object> {
  if (stream.closed) throw new ProtocolFault("The stream was closed by an earlier request");
  const textOf = ({ sql, sql_id }: { sql?: string; sql_id?: number }) => {
    const text = sql ?? (sql_id === undefined ? undefined : stream.sqls.get(sql_id));
    if (text === undefined) throw new ProtocolFault(`SQL text ${sql_id} is not stored`);
    return text;
  };
  switch (request.type) {
    case "execute":
      return { result: await execute(stream, request.stmt, textOf(request.stmt)) };
    case "batch":
      return { result: await executeBatch(stream, request.batch, textOf) };
    case "sequence":
      await sequence(stream, textOf(request));
      return {};
    case "describe":
      return { result: describe(stream.db, textOf(request)) };
    case "store_sql":
      if (stream.sqls.has(request.sql_id)) throw new ProtocolFault(`SQL text ${request.sql_id} is stored already`);
      stream.sqls.set(request.sql_id, request.sql);
      return {};
    case "close_sql":
      stream.sqls.delete(request.sql_id);
      return {};
    case "get_autocommit":
      return { is_autocommit: !stream.db.inTransaction };
    case "close":
      stream.closed = true;
      return {};
  }
}

/** A misuse of the protocol: the whole request is refused and the stream ends. */
class ProtocolFault extends Error {}

interface Stream extends Connection {
  readonly sqls: Map<number, string>;
  closed: boolean;
  expiry?: Timer;
}

type Streams = ReturnType<typeof keepStreams>;

/** A stream is named by a baton that changes with every request, so that requests on it cannot overlap. */
function keepStreams(path: string, expiryMs: number, lockPatienceMs: number) {
  const first = openDatabase(path);
  first.exec("PRAGMA journal_mode = WAL");
  first.close();
  const idle = new Map<string, Stream>();
  const expired = new Set<string>();
  const open = new Set<Stream>();

  function discard(stream: Stream): void {
    clearTimeout(stream.expiry);
    if (!open.delete(stream)) return;
    if (stream.db.inTransaction) stream.db.exec("ROLLBACK");
    stream.db.close();
  }

  function take(baton: string | null | undefined): Stream | Response {
    if (!baton) {
      const stream = { db: openDatabase(path), lockPatienceMs, sqls: new Map(), closed: false };
      open.add(stream);
      return stream;
    }
    const stream = idle.get(baton);
    if (stream) {
      idle.delete(baton);
      clearTimeout(stream.expiry);
      return stream;
    }
    return expired.has(baton)
      ? streamExpired()
      : new Response("The baton is invalid or was used already", { status: 400 });
  }

  function giveBack(stream: Stream): string | null {
    if (stream.closed) {
      discard(stream);
      return null;
    }
    const baton = crypto.randomUUID();
    idle.set(baton, stream);
    // A stream is kept for so long, as the protocol has it.
    stream.expiry = setTimeout(() => {
      idle.delete(baton);
      expired.add(baton);
      discard(stream);
    }, expiryMs);
    return baton;
  }

  return {
    take,
    giveBack,
    discard,
    size: () => open.size,
    closeAll() {
      for (const stream of open) discard(stream);
    },
  };
}

/** The client reads the fault only when the content type is exactly this. */
function streamExpired(): Response {
  const fault = { message: "The stream has expired due to inactivity", code: "STREAM_EXPIRED" };
  return new Response(JSON.stringify(fault), { status: 500, headers: { "content-type": "application/json" } });
}
