import type { Context } from "../../src/context.ts";
import { openRedis } from "../../src/redis/client.ts";
import { realWorld } from "../../src/world.ts";
import { openTestDatabase } from "./database.ts";
import { testContext } from "./graphql.ts";
import { hasRedis, startRedis } from "./redis-server.ts";
import { addCampaign, addMembers, messagesOf, type Shop } from "./shop.ts";

/**
 * A migrated database and a context on it, for verbs that need no more: nothing listens, and no queue delivers what
 * they enqueue. Opens in a few milliseconds, where a {@link Shop} takes as many tens.
 */
export interface Ledger extends Pick<Shop, "ctx" | "members" | "campaign" | "messages" | "pass"> {
  stop(): Promise<void>;
}

const opened: Ledger[] = [];

/** Closes every ledger that tests of this file opened. */
export async function closeLedgers(): Promise<void> {
  for (const ledger of opened.splice(0)) await ledger.stop();
}

/** With `redis`, a real one of its own, where this machine has it. */
export async function openLedger({ redis = false }: { readonly redis?: boolean } = {}): Promise<Ledger> {
  const db = await openTestDatabase();
  const server = redis && hasRedis ? await startRedis() : undefined;
  const handle = server && (await openRedis({ kind: "url", url: server.url }, realWorld));
  let moved = 0;
  const ctx: Context = { ...testContext(db), redis: handle?.client, clock: () => Date.now() + moved };
  const ledger: Ledger = {
    ctx,
    members: (n, shape) => addMembers(db, n, shape),
    campaign: (draft) => addCampaign(ctx, draft),
    messages: () => messagesOf(db),
    pass: (ms) => {
      moved += ms;
    },
    async stop() {
      await handle?.close();
      await server?.stop();
      await db.close();
    },
  };
  opened.push(ledger);
  return ledger;
}
