import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { liveMember } from "../../audience/audience.ts";
import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import { perApp } from "../../memory.ts";
import { fromFrozen as actionFromFrozen } from "../action/index.ts";
import { Content } from "../content/content.ts";
import { type Templates, templatesOf } from "../content/rendition.ts";
import { ledgerChannels } from "../ledger/channel.ts";
import type { DecisionFacts } from "../ledger/decision.ts";
import { passedPolicies } from "../local-time.ts";
import { fromFrozen, Predicate } from "../predicate.ts";
import { remembered } from "./remembered.ts";

/** What starting a run freezes, so that nothing that changes later changes whom it reaches. */
export const FrozenRun = z.object({
  /** The predicate over member `m`, compiled. */
  audience: Predicate,
  /** Members who arrived later are not in it. */
  maxSeq: z.int(),
  asOf: z.int(),
  /** In order of preference; where the run gives something, that comes first. */
  channels: z.array(z.enum(ledgerChannels)).min(1),
  reach: z.enum(["EACH", "FIRST_REACHABLE"]),
  topic: z.string(),
  transactional: z.boolean(),
  popupPriority: z.int(),
  endsAt: z.int().nullable(),
  /** What each member's clock shows when it is the member's turn; null: all at one moment. */
  byClocks: z
    .object({ wall: z.string(), passed: z.enum(passedPolicies) })
    .nullable()
    .default(null),
  /** What it does, with the facts that it was begun with. */
  action: z.unknown().transform(actionFromFrozen),
});
export type FrozenRun = z.infer<typeof FrozenRun>;

const frozenRuns = (ctx: Context) =>
  perApp(ctx, "campaign.frozenRuns", () => new Map<number, MaybePromise<FrozenRun>>());
const contents = (ctx: Context) => perApp(ctx, "campaign.contents", () => new Map<number, MaybePromise<Content>>());

/** The frozen facts of a started run; read once a process, for they never change. */
export async function frozenRun(ctx: Context, run: number): Promise<FrozenRun> {
  return remembered(frozenRuns(ctx), run, async () => {
    const row = await ctx.db.first<{ frozen: string | null }>(sql`SELECT frozen FROM run WHERE id = ${run}`);
    if (!row?.frozen) throw new Error(`run ${run} has not been started`);
    return FrozenRun.parse(JSON.parse(row.frozen));
  });
}

/** The content of a started run, as it was then. */
export async function frozenContent(ctx: Context, run: number): Promise<Content> {
  return remembered(contents(ctx), run, async () => {
    const row = await ctx.db.first<{ content: string | null }>(sql`SELECT content FROM run WHERE id = ${run}`);
    if (!row?.content) throw new Error(`run ${run} has not been started`);
    return Content.parse(JSON.parse(row.content));
  });
}

const templates = (ctx: Context, channel: ChannelName) =>
  perApp(ctx, `campaign.templates.${channel}`, () => new Map<number, MaybePromise<Templates>>());

/** The parsed templates of a started run on a channel. */
export async function runTemplates(ctx: Context, run: number, channel: ChannelName): Promise<Templates> {
  return remembered(templates(ctx, channel), run, async () => templatesOf(await frozenContent(ctx, run), channel));
}

/** What decides at a moment to whom a run's messages are sent. */
export function decisionFacts({ topic, endsAt, action }: FrozenRun, now: number): DecisionFacts {
  return { topic, endsAt, rules: action.skipRules(now) };
}

/** Whether member `m` belongs to the frozen audience. */
export function matches(frozen: FrozenRun): SQL {
  return sql`(${liveMember} AND ${fromFrozen(frozen.audience)})`;
}
