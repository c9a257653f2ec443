/** An HTTP server that speaks Upstash's REST protocol in front of a real Redis. */
export interface UpstashRest {
  readonly url: string;
  readonly token: string;
  /** The last path segment of every request answered: "" for a single command. */
  readonly routes: string[];
  /** Makes every request wait without an answer, or answer again. */
  hang(hanging: boolean): void;
  stop(): Promise<void>;
}

/** `redis` is a RESP2 connection of the caller's; the server does not close it. */
export function startUpstashRest(redis: Bun.RedisClient, token = "test-token"): UpstashRest {
  const routes: string[] = [];
  let hanging = false;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 30,
    async fetch(request) {
      if (hanging) await new Promise(() => {});
      if (request.headers.get("authorization") !== `Bearer ${token}`) {
        return Response.json({ error: "WRONGPASS invalid or missing auth token" }, { status: 401 });
      }
      const route = new URL(request.url).pathname.slice(1);
      routes.push(route);
      return answerAsked(redis, request, await request.json());
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    token,
    routes,
    hang(value) {
      hanging = value;
    },
    stop: () => server.stop(true),
  };
}

type Item = { result: unknown } | { error: string };
type Reply = { status: number; body: Item | Item[] };

/** Has Redis do what a request of the protocol asks, whose body was read once it was let in: in this very turn. */
export async function answerAsked(redis: Commands, request: Request, asked: unknown[]): Promise<Response> {
  const route = new URL(request.url).pathname.slice(1);
  const reply = await answer(redis, route, asked);
  const base64 = request.headers.get("upstash-encoding") === "base64";
  return Response.json(base64 ? encoded(reply.body) : reply.body, { status: reply.status });
}

type Commands = Pick<Bun.RedisClient, "send">;

async function answer(redis: Commands, route: string, body: unknown[]): Promise<Reply> {
  if (route === "pipeline") {
    return { status: 200, body: await Promise.all(body.map((command) => run(redis, command as unknown[]))) };
  }
  if (route === "multi-exec") return transaction(redis, body as unknown[][]);
  const item = await run(redis, body);
  return { status: "error" in item ? 400 : 200, body: item };
}

async function transaction(redis: Commands, commands: unknown[][]): Promise<Reply> {
  const sent = [["MULTI"], ...commands, ["EXEC"]].map((command) => run(redis, command));
  const exec = (await Promise.all(sent)).at(-1)!;
  if ("error" in exec) return { status: 400, body: exec };
  return { status: 200, body: (exec.result as unknown[]).map(item) };
}

async function run(redis: Commands, command: unknown[]): Promise<Item> {
  if (command.includes(null)) return { error: "ERR null args are not supported" };
  const [name = "", ...args] = command.map(String);
  return redis.send(name, args).then(item, item);
}

function item(value: unknown): Item {
  return value instanceof Error ? { error: value.message } : { result: value };
}

function encoded(body: Item | Item[]): Item | Item[] {
  if (Array.isArray(body)) return body.map((one) => encoded(one) as Item);
  if ("error" in body || body.result === "OK") return body;
  return { result: base64(body.result) };
}

/** Every string is encoded except a bare OK; numbers and nil stay as they are. */
function base64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(base64);
  return typeof value === "string" ? Buffer.from(value).toString("base64") : value;
}
