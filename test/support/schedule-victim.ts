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

/** The wakes that the queue would have brought by now, some of them twice, and at once. */
async function wakes(): Promise<void> {
  const due = await db.all<{ seq: number }>(sql`
    SELECT seq FROM outbox WHERE name = 'schedule-wake' AND published_at IS NULL AND not_before <= ${now}`);
  if (due.length === 0) return;
  await Promise.all(Array.from({ length: random() < 0.3 ? 2 : 1 }, () => fireDue(ctx)));
  await db.write([sql`UPDATE outbox SET published_at = ${now} WHERE name = 'schedule-wake' AND not_before <= ${now}`]);
}

for (; now <= Number(until); now += minute) {
  if (queue === "keeps") await wakes();
  // Some minutes have no sweep, some two at once; the end is swept by whoever looks.
  const sweeps = random() < 0.1 ? 0 : random() < 0.1 ? 2 : 1;
  await Promise.all(Array.from({ length: sweeps }, () => sweep(ctx)));
  // What was set off is over a while later.
  if (random() < 0.2) await endRuns(ctx, now - random() * 90 * minute);
  process.stdout.write(`${now}\n`);
}
await db.close();
