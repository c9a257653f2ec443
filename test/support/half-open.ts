import { connect } from "node:net";

/** A connection on which a request is begun and not ended. */
export interface HalfOpen {
  /** Resolves when what was to be sent has left. */
  readonly begun: Promise<void>;
  /** What the server said so far. */
  said(): string;
  /** Writes what follows. */
  send(text: string): void;
  readonly closed: Promise<void>;
  leave(): void;
}

/** Begins a POST whose body is `body`, of `length` characters in all. */
export function beginPost(
  url: string,
  { headers = {}, body, length }: { headers?: Record<string, string>; body: string; length: number },
): HalfOpen {
  const { hostname, port, pathname } = new URL(url);
  const sent = { host: "shop.test", "content-type": "application/json", "content-length": String(length), ...headers };
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`);
  const [begun, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let said = "";
  const socket = connect(Number(port), hostname, () => {
    socket.write(`POST ${pathname} HTTP/1.1\r\n${lines.join("")}\r\n${body}`, () => begun.resolve());
  });
  socket.on("data", (data) => {
    said += data;
  });
  socket.on("error", () => {}); // cut off: `closed` says so
  socket.on("close", () => closed.resolve());
  return {
    begun: begun.promise,
    said: () => said,
    send: (text) => void socket.write(text),
    closed: closed.promise,
    leave: () => socket.destroy(),
  };
}
