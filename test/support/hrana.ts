import { type Batch, HranaFault, type Stmt } from "./hrana-protocol.ts";
import { describe, execute, executeBatch, sequence, withinLimit } from "./hrana-sql.ts";
import { keepStreams, ProtocolFault, type Stream, type Streams } from "./hrana-streams.ts";

export interface HranaOptions {
  /** The bearer token that every request must carry. */
  readonly authToken?: string;
  /** How long an idle stream lives; its transaction is rolled back with it. libSQL's server takes 10 s. */
  readonly streamExpiryMs?: number;
  /** How long a writer waits for another stream's transaction before it hears SQLITE_BUSY. */
  readonly lockPatienceMs?: number;
  /** How long a transaction keeps the lock once others wait; then it is rolled back. libSQL's server gives it 5 s. */
  readonly stealAfterMs?: number;
  /** What the answer to a statement or batch has of bytes at most. libSQL's server gives 10 MB. */
  readonly answerBytes?: number;
  /** How long a request and its answer are on their way, together. */
  readonly latencyMs?: number;
}

/**
 * A remote libSQL for tests: its HTTP protocol (Hrana 2 and 3 as JSON) in front of a real file. It refuses what
 * libSQL's server refuses, bounds values and answers as that does, and takes locks away.
 */
export interface HranaServer {
  readonly url: string;
  /** Round trips so far. */
  readonly requests: number;
  /** Streams that hold a connection. */
  readonly streams: number;
  /** Does the next request's work and loses the answer, as a proxy that gives up does. */
  loseNextAnswer(): void;
  /** Takes a transaction's lock away before the statements that `choose` picks, as if it had kept others waiting. */
  undoBefore(choose: (sql: string) => boolean): void;
  stop(): Promise<void>;
}

export async function startHrana(path: string, options: HranaOptions = {}): Promise<HranaServer> {
  const { streamExpiryMs = 10_000, lockPatienceMs: patienceMs = 30_000, stealAfterMs = 5_000, latencyMs } = options;
  const { answerBytes = 10_000_000 } = options;
  const streams = keepStreams(path, streamExpiryMs, { patienceMs, stealAfterMs });
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
      if (latencyMs) await Bun.sleep(latencyMs / 2); // the way there
      const response = await answer({ streams, answerBytes }, (await request.json()) as Pipeline);
      if (latencyMs) await Bun.sleep(latencyMs / 2); // the way back
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
    undoBefore(choose) {
      streams.lock.undoBefore = choose;
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

interface Rules {
  readonly streams: Streams;
  readonly answerBytes: number;
}

async function answer({ streams, answerBytes }: Rules, { baton, requests }: Pipeline): Promise<Response> {
  const stream = streams.take(baton);
  if (stream instanceof Response) return stream;
  const results: unknown[] = [];
  try {
    for (const request of requests) results.push(await outcome(stream, request, answerBytes));
  } catch (fault) {
    streams.discard(stream);
    if (fault instanceof ProtocolFault) return new Response(fault.message, { status: 400 });
    throw fault;
  }
  return Response.json({ baton: streams.giveBack(stream), base_url: null, results });
}

async function outcome(stream: Stream, request: StreamRequest, answerBytes: number): Promise<unknown> {
  try {
    return { type: "ok", response: { type: request.type, ...(await serve(stream, request, answerBytes)) } };
  } catch (fault) {
    if (fault instanceof HranaFault) return { type: "error", error: fault };
    throw fault;
  }
}

async function serve(stream: Stream, request: StreamRequest, answerBytes: number): Promise<object> {
  if (stream.closed) throw new ProtocolFault("The stream was closed by an earlier request");
  const textOf = ({ sql, sql_id }: { sql?: string; sql_id?: number }) => {
    const text = sql ?? (sql_id === undefined ? undefined : stream.sqls.get(sql_id));
    if (text === undefined) throw new ProtocolFault(`SQL text ${sql_id} is not stored`);
    return text;
  };
  switch (request.type) {
    case "execute":
      return { result: withinLimit(answerBytes, await execute(stream, request.stmt, textOf(request.stmt))) };
    case "batch":
      return { result: withinLimit(answerBytes, await executeBatch(stream, request.batch, textOf)) };
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
