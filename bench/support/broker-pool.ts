/** Kept-alive HTTP/1.1 connections that cost next to nothing themselves, so that what is measured is the server. */
export interface Pool {
  /** Sends a whole request, as written, on the next free connection; resolves with a good answer's body. */
  send(request: Uint8Array): Promise<string>;
  close(): void;
}

interface Exchange {
  readonly request: Uint8Array;
  readonly resolve: (body: string) => void;
  readonly reject: (error: Error) => void;
}

interface Connection {
  /** Starts an exchange; one at a time. */
  start(exchange: Exchange): void;
  close(): void;
}

/** Opens `size` connections to a server. */
export async function openPool(url: string, size: number): Promise<Pool> {
  const { hostname, port } = new URL(url);
  const waiting: Exchange[] = [];
  const free: Connection[] = [];
  const onFree = (connection: Connection) => {
    const next = waiting.shift();
    if (next) connection.start(next);
    else free.push(connection);
  };
  const all = await Promise.all(Array.from({ length: size }, () => connect(hostname, Number(port), onFree)));
  free.push(...all);
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        const exchange = { request, resolve, reject };
        const connection = free.pop();
        if (connection) connection.start(exchange);
        else waiting.push(exchange);
      }),
    close() {
      for (const connection of all) connection.close();
    },
  };
}

async function connect(hostname: string, port: number, onFree: (connection: Connection) => void): Promise<Connection> {
  let exchange: Exchange | undefined;
  let unsent: Uint8Array = new Uint8Array(0);
  let received: Buffer = Buffer.alloc(0);
  const flush = () => {
    if (unsent.length > 0) unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
  };
  const connection: Connection = {
    start(next) {
      exchange = next;
      unsent = next.request;
      flush();
    },
    close: () => socket.end(),
  };
  const socket = await Bun.connect({
    hostname,
    port,
    socket: {
      drain: flush,
      data(_, chunk) {
        received = received.length > 0 ? Buffer.concat([received, chunk]) : Buffer.from(chunk);
        const answer = readAnswer(received);
        if (!answer || !exchange) return;
        const { resolve, reject } = exchange;
        exchange = undefined;
        received = Buffer.alloc(0);
        if (answer.status < 300) resolve(answer.body);
        else reject(new Error(`${answer.status} ${answer.body}`));
        onFree(connection);
      },
      close: () => exchange?.reject(new Error("the server closed the connection")),
    },
  });
  return connection;
}

/** The answer in these bytes, once it is whole; what is measured here always tells its length. */
function readAnswer(bytes: Buffer): { status: number; body: string } | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = bytes.toString("latin1", 0, end);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (bytes.length < end + 4 + length) return undefined;
  return { status: Number(head.slice(9, 12)), body: bytes.toString("utf8", end + 4, end + 4 + length) };
}
