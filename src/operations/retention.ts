import type { Context, Retention } from "../context.ts";
import { forgetAnswers } from "../idempotency.ts";
import { forgetEvents } from "../queue/event/event.ts";
import { forgetPublished } from "../queue/outbox.ts";
import { countForgotten } from "./metrics.ts";
import { operationsSettings } from "./settings.ts";

const dayMs = 24 * 3_600_000;

/** How long published outbox rows and answers to repeated requests are kept, in milliseconds. */
const keepMs = 3 * dayMs;

/**
 * Forgets what every domain keeps no longer, a bounded amount of each, and counts it. What one of them cannot do keeps
 * no other from it.
 */
export async function forgetOld(ctx: Context): Promise<void> {
  for (const { name, forget } of ctx.domains.flatMap(({ keeps = [] }) => keeps)) {
    const rows = await forget(ctx).catch((error) => {
      ctx.log("error", "sweep.failed", { domain: name, error });
      return 0;
    });
    countForgotten(name, rows);
  }
}

/** What the machinery itself keeps for a time. */
export const machineryKeeps: readonly Retention[] = [
  {
    name: "messages",
    kept: "3 days after the queue took them",
    forget: (ctx) => rowsOf(ctx, [forgetPublished(ctx.clock() - keepMs)]),
  },
  {
    name: "answers",
    kept: "3 days, for requests that are repeated",
    forget: (ctx) => rowsOf(ctx, [forgetAnswers(ctx.clock() - keepMs)]),
  },
  {
    name: "events",
    kept: "30 days, and until every consumer is past them",
    forget: (ctx) => rowsOf(ctx, forgetEvents(ctx.clock())),
  },
  {
    name: "sandbox",
    kept: "30 days, 100,000 at most (SANDBOX_DAYS, SANDBOX_MAX)",
    forget: (ctx) => {
      const { sandboxKeepMs, sandboxMax } = operationsSettings.of(ctx);
      return ctx.sandbox.purge(ctx.clock() - sandboxKeepMs, sandboxMax);
    },
  },
];

async function rowsOf(ctx: Context, statements: Parameters<Context["db"]["write"]>[0]): Promise<number> {
  const results = await ctx.db.write(statements);
  return results.reduce((sum, { rowsAffected }) => sum + rowsAffected, 0);
}
