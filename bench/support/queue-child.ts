import { readEnv } from "../../src/env.ts";
import { openBroker } from "../../src/own-broker.ts";

// The queue of a data directory as `fanfare broker` runs it: bun queue-child.ts <data directory> <port>; prints its
// address.
const [, , dataDir = "", port = "0"] = process.argv;
const broker = await openBroker(readEnv({ DATA_DIR: dataDir, BROKER_PORT: port }), () => {});
process.on("SIGTERM", () => broker.stop().then(() => process.exit(0)));
console.log(broker.url);
