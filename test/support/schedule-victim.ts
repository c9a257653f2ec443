import { sql } from "drizzle-orm";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import type { Context } from "../../src/context.ts";
import { openDatabase } from "../../src/db/client.ts";
import { fireDue } from "../../src/schedule/fire.ts";
import { realWorld } from "../../src/world.ts";
import { testContext } from "./graphql.ts";
import { endRuns, minute, sweep } from "./schedules.ts";

// What the queue has a server do about schedules, minute by minute of a clock that is moved, until somebody kills it:
// bun schedule-victim.ts <ledger> <from, ms> <until, ms> <seed> <queue: "keeps" or "loses">. It tells each minute.
const [, , ledger = "", from = "0", until = "0", seed = "0", queue = "keeps"] = process.argv;
const random = seededRandom(Number(seed));
const db = await openDatabase({ url: `file:${ledger}` }, realWorld);
let now = Number(from);
const ctx: Context = { ...testContext(db), clock: () => now };

/** The wakes that the queue would have brought by now, some of them twice, and at once; what it has had it forgets. */
async function wakes(): Promise<void> {
  const had = sql`FROM outbox WHERE not_before <= ${now}`;
  const due = queue === "keeps" && (await db.first(sql`SELECT 1 ${had} AND name = 'schedule-wake' LIMIT 1`));
  if (due) await atOnce(random() < 0.3 ? 2 : 1, () => fireDue(ctx));
  await db.write([sql`DELETE ${had}`]);
}

const atOnce = (n: number, what: () => Promise<void>) => Promise.all(Array.from({ length: n }, what));

for (; now <= Number(until); now += minute) {
  // Both roads come one behind the other, or at once.
  const brought = wakes();
  if (random() < 0.7) await brought;
  // Some minutes have no sweep, some two at once; the end is swept by whoever looks.
  await atOnce(random() < 0.1 ? 0 : random() < 0.1 ? 2 : 1, () => sweep(ctx));
  await brought;
  // What was set off is over a while later.
  if (random() < 0.2) await endRuns(ctx, now - random() * 90 * minute);
  process.stdout.write(`${now}\n`);
}
await db.close();
