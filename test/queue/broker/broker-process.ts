import { startBroker } from "../../../src/queue/broker/index.ts";
import { keys, token } from "./support.ts";

// A broker as a process of its own, for tests that kill it: bun broker-process.ts <file>; prints its URL.
const [, , path = ""] = process.argv;
const broker = await startBroker({ path, port: 0, token, ...keys });
console.log(broker.url);
