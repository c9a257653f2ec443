import { until } from "../../support/wait.ts";
import { elsewhere, isOurs, patience } from "./place.ts";

/** One delivery as the destination saw it. */
export interface Delivery {
  /** The address it was sent to, as the sender named it. */
  readonly url: string;
  /** What follows the mailbox's address. */
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly bytes: Uint8Array;
}

export type Reply = (delivery: Delivery, nth: number) => Response | Promise<Response>;

/** A part of the destination's addresses, and what came there. */
export interface Mailbox {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  /** What came to a path, query included. */
  to(path: string): readonly Delivery[];
  /** Waits for so many deliveries, to a path or anywhere here. */
  got(count: number, path?: string): Promise<readonly Delivery[]>;
}

interface Box {
  readonly reply: Reply;
  readonly deliveries: Delivery[];
}

/** A real HTTP server that the queue can reach. `nth` counts the deliveries to one path. */
export function openDestination() {
  const boxes = new Map<string, Box>();
  const server: Bun.Server<undefined> = Bun.serve({
    hostname: isOurs || /\/\/(127\.|localhost)/.test(elsewhere?.destination ?? "") ? "127.0.0.1" : "0.0.0.0",
    port: elsewhere?.port ?? 0,
    idleTimeout: 0,
    fetch: (request): Promise<Response> => receive(request, boxes, base),
  });
  const base: string = elsewhere?.destination ?? `http://127.0.0.1:${server.port}`;
  return {
    /** Opens the mailbox of a name; everything is answered 200 unless told otherwise. */
    box: (name: string, reply: Reply = () => new Response("ok")): Mailbox => {
      const box: Box = { reply, deliveries: [] };
      boxes.set(name, box);
      return mailbox(`${base}/${name}`, box.deliveries);
    },
    stop: () => server.stop(true),
  };
}

async function receive(request: Request, boxes: ReadonlyMap<string, Box>, base: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const where = `${new URL(base).pathname.replace(/\/$/, "")}/`;
  const [name = "", ...rest] = pathname.replace(where, "").split("/");
  const box = boxes.get(name);
  if (!box) return new Response("nobody here", { status: 404 });
  const path = `${rest.length > 0 ? "/" : ""}${rest.join("/")}${search}`;
  const bytes = await request.bytes();
  const { method, headers } = request;
  const delivery = {
    url: `${base}/${name}${path}`,
    path,
    method,
    headers,
    bytes,
    body: new TextDecoder().decode(bytes),
  };
  box.deliveries.push(delivery);
  return await box.reply(delivery, box.deliveries.filter((one) => one.path === path).length);
}

function mailbox(url: string, deliveries: readonly Delivery[]): Mailbox {
  const to = (path: string) => deliveries.filter((one) => one.path === path);
  return {
    url,
    deliveries,
    to,
    async got(count, path) {
      const here = () => (path === undefined ? deliveries : to(path));
      await until(() => here().length >= count, patience, `delivery ${count} to ${url}${path ?? ""}`);
      return here();
    },
  };
}
