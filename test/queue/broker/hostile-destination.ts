import type { Socket } from "bun";

/** A destination that does not keep to the rules, on a real socket. */
export interface Hostile {
  readonly url: string;
  /** Requests it got. */
  calls(): number;
  stop(): void;
}

type Peer = Socket<{ gone: boolean }>;

/** Does with each request whatever it likes: `misbehave` has the socket, and the number of the request. */
export function hostile(misbehave: (peer: Peer, nth: number) => void): Hostile {
  let calls = 0;
  const server = Bun.listen<{ gone: boolean }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (peer) => {
        peer.data = { gone: false };
      },
      data: (peer, chunk) => {
        for (const _ of chunk.toString("latin1").matchAll(/\bHTTP\/1\.1\r\n/g)) misbehave(peer, ++calls);
      },
      close: (peer) => {
        peer.data.gone = true;
      },
      error: () => {},
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, calls: () => calls, stop: () => server.stop(true) };
}

/** Writes a piece again and again, until the other side has enough of it. */
function drip(peer: Peer, piece: string | Uint8Array, everyMs: number): void {
  if (peer.data.gone) return;
  peer.write(piece);
  setTimeout(() => drip(peer, piece, everyMs), everyMs); // slowly is how it harms
}

const start = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const bomb = Bun.gzipSync(new Uint8Array(10_000_000));

/**
 * The ways to misbehave, each with what becomes of a message: delivered, or dead with a status (none where there was no
 * answer).
 */
export const misbehaviours: Readonly<Record<string, { make: () => Hostile; end: "delivered" | number | undefined }>> = {
  "never answers": { make: () => hostile(() => {}), end: undefined },
  "resets the connection in the middle of its answer": {
    make: () =>
      hostile((peer) => {
        peer.write(`${start}Content-Length: 1000\r\n\r\nhalf of it`);
        peer.terminate();
      }),
    end: undefined,
  },
  "closes the connection without a word": { make: () => hostile((peer) => peer.end()), end: undefined },
  "drips its answer without an end": {
    make: () =>
      hostile((peer) => {
        peer.write(`${start}Content-Length: 100000\r\n\r\n`);
        drip(peer, ".", 20);
      }),
    end: undefined,
  },
  "drips headers without an end": {
    make: () =>
      hostile((peer) => {
        peer.write(start);
        drip(peer, "X-More: of the same\r\n", 5);
      }),
    end: undefined,
  },
  "drips its answer, and comes to an end in time": {
    make: () =>
      hostile((peer) => {
        peer.write(`${start}Content-Length: 10\r\n\r\n`);
        for (let n = 1; n <= 10; n++) setTimeout(() => peer.write("."), n * 10); // slow, but in time
      }),
    end: "delivered",
  },
  "has a body without an end": {
    make: () =>
      hostile((peer) => {
        peer.write(`${start}Transfer-Encoding: chunked\r\n\r\n`);
        drip(peer, chunk("x".repeat(60_000)), 1);
      }),
    end: "delivered",
  },
  "answers a few kilobytes that unpack to 10 MB": {
    make: () =>
      hostile((peer) => {
        peer.write(`${start}Content-Encoding: gzip\r\nContent-Length: ${bomb.byteLength}\r\n\r\n`);
        peer.write(bomb);
      }),
    end: "delivered",
  },
  "redirects to another": {
    make: () =>
      hostile((peer) => peer.write("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")),
    end: 302,
  },
  "answers what is no HTTP": {
    make: () =>
      hostile((peer) => {
        peer.write(crypto.getRandomValues(new Uint8Array(500)));
        peer.end();
      }),
    end: undefined,
  },
  "lies about the length of its answer": {
    make: () => hostile((peer) => peer.write(`${start}Content-Length: 99999999999\r\n\r\nshort`)),
    end: undefined,
  },
  "sends an answer nobody asked for after its answer": {
    make: () =>
      hostile((peer) => peer.write(`${start}Content-Length: 2\r\n\r\nok${start}Content-Length: 4\r\n\r\nmore`)),
    end: "delivered",
  },
};

/** Answers, and closes the connection that it seemed to keep open. */
export function closesAfterAnswer(): Hostile {
  return hostile((peer) => {
    peer.write(`${start}Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok`);
    peer.end();
  });
}

/** Never answers. */
export function hangs(): Hostile {
  return hostile(() => {});
}
