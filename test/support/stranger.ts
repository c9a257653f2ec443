import { connect } from "node:net";
import { type Answer, read } from "./graphql.ts";

/** Someone at the door: asks a server anything, and remembers every answer. */
export interface Stranger {
  readonly answers: readonly Answer[];
  /** Sends anything to a path. */
  send(path: string, init?: RequestInit): Promise<Answer>;
  /** Posts an operation to a face, with a token or without one. */
  ask(face: "graphql" | "app", token: string | undefined, query: string, variables?: unknown): Promise<Answer>;
}

export function stranger(url: string): Stranger {
  const answers: Answer[] = [];
  const send = async (path: string, init: RequestInit = {}) => {
    const answer = await read(await fetch(url + path, { redirect: "manual", ...init }));
    answers.push(answer);
    return answer;
  };
  return {
    answers,
    send,
    ask: (face, token, query, variables) => {
      const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
      return send(`/${face}`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    },
  };
}

/** Writes bytes to a server as they are and answers all it says until it hangs up; fetch would mend the request. */
export function talk(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let said = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on("data", (data) => {
      said += data;
    });
    socket.on("close", () => resolve(said));
    socket.on("error", reject);
  });
}

/** A body of so many bytes whose length is not announced. */
export function unannounced(bytes: number): RequestInit {
  const chunk = new Uint8Array(100_000).fill(120);
  let left = bytes;
  const body = new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(chunk);
      left -= chunk.byteLength;
    },
  });
  return { method: "POST", body };
}

/** What looks like the inside of the server: a line of a stack, or a path of its source. */
export const inside = /^\s+at .+:\d+:\d+|\/src\/\S+\.ts|node_modules|ERR_[A-Z]/m;
