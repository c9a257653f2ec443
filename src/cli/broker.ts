import { readEnv } from "../env.ts";
import { createLog } from "../log.ts";
import { openBroker } from "../own-broker.ts";
import { startFault } from "../start-fault.ts";
import { defineCommand } from "./command.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

/** Runs the queue alone, for servers that are started with BROKER=own-process and the same BROKER_PORT and DATA_DIR. */
export const broker = defineCommand({
  name: "broker",
  usage: `fanfare broker

Runs the embedded queue as a process of its own, for servers that are started with BROKER=own-process and the same
BROKER_PORT and DATA_DIR. SIGINT or SIGTERM stops it.`,
  async run() {
    const env = readEnv();
    const running = await openBroker(env, createLog(env.LOG_LEVEL)).catch((error) => {
      throw startFault(error, env) ?? error;
    });
    console.log(`The queue listens on ${running.url}\n  Data directory: ${env.dataDir}`);
    await stopOnSignal(running).done;
  },
});
