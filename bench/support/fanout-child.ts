import { sql } from "drizzle-orm";
import { drafted, reachAll, readToldOf } from "./reach-rig.ts";

const told = readToldOf(Bun.argv);
const begun = await drafted(told);
const { db } = begun.app.ctx;
const runOf = () => db.first<{ state: string }>(sql`SELECT state FROM run WHERE campaign = ${begun.campaign}`);
await reachAll(begun, told, async () => {
  while ((await runOf())?.state !== "COMPLETED") await Bun.sleep(10);
});
