import { startBroker } from "../../../src/queue/broker/index.ts";
import { keys, token } from "./support.ts";

// A broker as a process of its own, for tests that kill it: bun broker-process.ts <file> [<epoch ms> <speed>]; prints
// its URL. With the latter its clock runs so many times faster than the wall's, since that moment.
const [, , path = "", epoch = "0", speed = "1"] = process.argv;
const clock = () => Number(epoch) + (Date.now() - Number(epoch)) * Number(speed);
const broker = await startBroker({ path, port: 0, token, ...keys, ...(speed !== "1" && { clock }) });
console.log(broker.url);
