import { join } from "node:path";
import { tempDir } from "./temp.ts";
import { until } from "./wait.ts";

/** Whether this machine has a redis-server; the tests that need one are skipped where there is none. */
export const hasRedis = Bun.which("redis-server") !== null;

/** A real redis-server of a test's own, on a private unix socket. */
export interface TestRedis {
  readonly url: string;
  /** Starts it again after {@link TestRedis.kill}, empty, on the same socket. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Makes it deaf, as a frozen machine would be, until {@link TestRedis.thaw}. */
  freeze(): void;
  thaw(): void;
  /** Stops it and every client handed out. */
  stop(): Promise<void>;
  /** A bare connection, for looking behind the code under test. */
  raw(): Promise<Bun.RedisClient>;
}

export async function startRedis(): Promise<TestRedis> {
  const dir = tempDir();
  const socket = join(dir, "redis.sock");
  const url = `redis+unix://${socket}`;
  const clients: Bun.RedisClient[] = [];
  let child: Bun.Subprocess | undefined;

  async function raw(): Promise<Bun.RedisClient> {
    const client = new Bun.RedisClient(url, { autoReconnect: false, enableOfflineQueue: false });
    clients.push(client);
    await client.connect();
    await client.send("HELLO", ["2"]);
    return client;
  }

  async function start(): Promise<void> {
    const flags = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", dir];
    child = Bun.spawn(["redis-server", ...flags], { stdio: ["ignore", "ignore", "ignore"] });
    const answers = () =>
      raw().then(
        () => true,
        () => false,
      );
    await until(answers, undefined, "redis-server");
  }

  async function kill(): Promise<void> {
    child?.kill("SIGKILL");
    await child?.exited;
  }

  await start();
  return {
    url,
    start,
    kill,
    raw,
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    async stop() {
      for (const client of clients) client.close();
      await kill();
    },
  };
}
