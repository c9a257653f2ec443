import { join } from "node:path";
import { Client } from "@upstash/qstash";
import { token } from "../queue/broker/support.ts";

/** A broker in a process of its own, on a file that outlives it. */
export interface BrokerVictim {
  readonly url: string;
  readonly client: Client;
  /** Kills it, without a chance to tidy up. */
  kill(): Promise<void>;
}

export interface FastClock {
  /** When it showed the same as the wall's, epoch ms. */
  readonly epoch: number;
  readonly speed: number;
}

const children = new Set<Bun.Subprocess>();

/** Starts a broker on a file; its clock goes on where that of the one before was. */
export async function spawnBroker(path: string, clock?: FastClock): Promise<BrokerVictim> {
  const script = join(import.meta.dir, "../queue/broker/broker-process.ts");
  const times = clock ? [String(clock.epoch), String(clock.speed)] : [];
  const child = Bun.spawn([process.execPath, script, path, ...times], { stdout: "pipe", stderr: "inherit" });
  children.add(child);
  const { value } = await child.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  if (url === "") throw new Error("the broker did not start");
  return {
    url,
    client: new Client({ baseUrl: url, token, retry: false, enableTelemetry: false }),
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
      children.delete(child);
    },
  };
}

/** Kills what a failed test left behind. */
export function killBrokers(): void {
  for (const child of children) child.kill("SIGKILL");
}
