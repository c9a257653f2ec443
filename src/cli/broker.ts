import { openBroker } from "../app.ts";
import { readEnv } from "../env.ts";
import { createLog } from "../log.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

/** Runs the queue alone, for servers that are started with BROKER=own-process and the same BROKER_PORT and DATA_DIR. */
export async function broker(): Promise<void> {
  const env = readEnv();
  const running = await openBroker(env, createLog(env.LOG_LEVEL));
  console.log(`The queue listens on ${running.url}`);
  await stopOnSignal(running).done;
}
