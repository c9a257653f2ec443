import { openDatabase } from "../../src/db/client.ts";
import { openHeavyReader } from "../../src/db/heavy/heavy-reads.ts";
import { realWorld } from "../../src/world.ts";

/** A server that has a reader: says so once it has answered, and stays. */
const url = process.argv[2] ?? "";
const db = await openDatabase({ url }, realWorld);
const settings = { readers: 1, perAsker: 1, seconds: 60 };
const heavy = openHeavyReader({ url }, db, settings, { timers: realWorld.timers, onGone: () => {} });
await heavy.of({ name: "a test" }).all({ sql: "SELECT 1", args: [] });
console.log("ready");
// Until it is killed.
setInterval(() => {}, 60_000);
