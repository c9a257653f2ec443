import type { Connection, Lock } from "./hrana-lock.ts";
import { openDatabase } from "./hrana-sql.ts";

/** A misuse of the protocol: the whole request is refused and the stream ends. */
export class ProtocolFault extends Error {}

export interface Stream extends Connection {
  readonly sqls: Map<number, string>;
  closed: boolean;
  expiry?: Timer;
}

export type Streams = ReturnType<typeof keepStreams>;

/** A stream is named by a baton that changes with every request, so that requests on it cannot overlap. */
export function keepStreams(path: string, expiryMs: number, rules: Omit<Lock, "connections">) {
  const first = openDatabase(path);
  first.exec("PRAGMA journal_mode = WAL");
  first.close();
  const idle = new Map<string, Stream>();
  const expired = new Set<string>();
  const open = new Set<Stream>();
  const lock: Lock = { ...rules, connections: () => open };

  function discard(stream: Stream): void {
    clearTimeout(stream.expiry);
    if (!open.delete(stream)) return;
    if (stream.db.inTransaction) stream.db.exec("ROLLBACK");
    stream.db.close();
  }

  function take(baton: string | null | undefined): Stream | Response {
    if (!baton) {
      const db = openDatabase(path);
      const stream: Stream = { db, lock, heldSince: undefined, undone: false, sqls: new Map(), closed: false };
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
    lock,
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
  return new Response(JSON.stringify(fault), { status: 400, headers: { "content-type": "application/json" } });
}
