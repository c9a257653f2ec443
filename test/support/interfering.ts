import type { Context } from "../../src/context.ts";
import type { Database } from "../../src/db/client.ts";
import { isLong } from "./length.ts";

/** Somebody's doing that comes between, and whether it did. */
interface Between {
  /** A context in which `act` happens before the call to the database whose turn it is. */
  with(ctx: Context, act: () => Promise<unknown>): Context;
  came(): boolean;
  /** How many calls were made so far. */
  calls(): number;
}

/** Before call number `at`, from 0. A transaction is one call, as nobody comes between its statements. */
function betweenAt(at: number): Between {
  let calls = 0;
  let came = false;
  return {
    came: () => came,
    calls: () => calls,
    with(ctx, act) {
      const first = async () => {
        if (calls++ !== at) return;
        came = true;
        await act();
      };
      const { db } = ctx;
      const halting: Database = {
        orm: db.orm,
        all: (query) => first().then(() => db.all(query)),
        first: (query) => first().then(() => db.first(query)),
        write: (queries) => first().then(() => db.write(queries)),
        transaction: (work) => first().then(() => db.transaction(work)),
      };
      return { ...ctx, db: halting };
    },
  };
}

/**
 * Does something over and over: undisturbed, then with somebody coming between before its last call to the database,
 * which decides, and in the long form before every one. Answers how many calls it makes.
 */
export async function interferedEverywhere(once: (between: Between) => Promise<void>): Promise<number> {
  const undisturbed = betweenAt(-1);
  await once(undisturbed);
  const calls = undisturbed.calls();
  const turns = isLong ? Array.from({ length: calls }, (_, i) => i) : [calls - 1];
  for (const at of turns) await once(betweenAt(at));
  return calls;
}
