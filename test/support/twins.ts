import { dirname, join } from "node:path";
import { startApp } from "../../src/app.ts";
import { openBroker } from "../../src/own-broker.ts";
import { memberEnv } from "./ask.ts";
import { freePort } from "./port.ts";
import { shopEnv } from "./shop.ts";
import { until } from "./wait.ts";

/** One of two servers on a data directory. Each start has a port of its own. */
export interface Twin {
  readonly url: string;
  /** `kill -9`, where it is a process. */
  kill(): Promise<void>;
  restart(): void;
}

/** Two servers that share a data directory, and the broker beside them. */
export interface Twins {
  readonly all: readonly [Twin, Twin];
  stop(): Promise<void>;
}

/**
 * Starts them on the directory of a database that is there. The first is a process of its own; with `apart` all three
 * are, else the others live in this one, which is sooner there.
 */
export async function startTwins(database: string, { apart }: { readonly apart: boolean }): Promise<Twins> {
  const dataDir = dirname(database);
  const env = { ...memberEnv, BROKER: "own-process", LOG_LEVEL: "error", TRUST_PROXY: "1" };
  const place = { dataDir, env: { ...env, BROKER_PORT: String(freePort()) } };
  const broker = await (apart ? brokerApart(place) : brokerHere(place));
  const first = serverApart(place);
  await until(
    () =>
      fetch(`${first.url}/livez`)
        .then(() => true)
        .catch(() => false),
    undefined,
    "the first server",
  );
  const all: [Twin, Twin] = [first, await (apart ? serverApart(place) : serverHere(place))];
  return {
    all,
    stop: async () => {
      for (const each of all) await each.kill();
      await broker.stop();
    },
  };
}

interface Place {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
}

const brokerHere = ({ dataDir, env }: Place) => openBroker(shopEnv(dataDir, env), () => {});

function brokerApart({ dataDir, env }: Place) {
  shopEnv(dataDir, env); // makes the secrets that all of them share
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../src/cli.ts"), "broker"], {
    env: { ...process.env, ...env, DATA_DIR: dataDir },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return { stop: () => ended(child) };
}

async function serverHere({ dataDir, env }: Place): Promise<Twin> {
  const app = await startApp(shopEnv(dataDir, env));
  return { url: app.url, kill: app.stop, restart: () => {} };
}

function serverApart({ dataDir, env }: Place): Twin {
  let url = "";
  let child: Bun.Subprocess;
  const start = () => {
    const port = freePort();
    url = `http://127.0.0.1:${port}`;
    const script = join(import.meta.dir, "fault-server.ts");
    child = Bun.spawn([process.execPath, script, dataDir, String(port), "0", JSON.stringify(env)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  };
  start();
  return {
    get url() {
      return url;
    },
    kill: () => ended(child),
    restart: start,
  };
}

async function ended(child: Bun.Subprocess): Promise<void> {
  child.kill("SIGKILL");
  await child.exited;
}
