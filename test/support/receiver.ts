import { Webhook } from "standardwebhooks";

/** What a receiver got in one request. */
export interface Received {
  readonly id: string;
  readonly at: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever came
  readonly body: any;
}

/** The shop's own server, which is told of events. */
export interface Receiver {
  readonly url: string;
  /** Every request, in order. */
  readonly received: Received[];
  /** How it answers from now on. */
  answer: (received: Received) => Response | Promise<Response>;
  stop(): Promise<void>;
}

/** A real HTTP server on loopback that takes everything unless told otherwise. */
export function startReceiver(): Receiver {
  const received: Received[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async (request) => {
      const { headers } = request;
      const text = await request.text();
      const id = headers.get("webhook-id") ?? "";
      const at = Number(headers.get("webhook-timestamp")) * 1_000;
      const one = { id, at, headers, text, body: JSON.parse(text) };
      received.push(one);
      return receiver.answer(one);
    },
  });
  const receiver: Receiver = {
    url: `http://127.0.0.1:${server.port}/hook`,
    received,
    answer: () => new Response(null, { status: 204 }),
    stop: () => server.stop(true),
  };
  return receiver;
}

/** Whether the library of Standard Webhooks lets a request pass with this secret, at the moment of the attempt. */
export function verifies(secret: string, { id, at, headers, text }: Received): boolean {
  const signature = new Webhook(secret).sign(id, new Date(at), text);
  if (Math.abs(at - Date.now()) > 60_000)
    return headers.get("webhook-signature")?.split(" ").includes(signature) ?? false;
  try {
    new Webhook(secret).verify(text, Object.fromEntries(headers));
    return true;
  } catch {
    return false;
  }
}
