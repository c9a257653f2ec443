import { sql } from "drizzle-orm";
import { z } from "zod";
import { describeActor } from "../../actor.ts";
import { type ChannelName, channelNames, isLocal } from "../../channels/catalog.ts";
import { type Context, withTransaction } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { perApp } from "../../memory.ts";
import { auditChanges, changesBetween, subjectOf } from "../../transition/audit.ts";

/**
 * How much a member may be sent on one channel, or on all together, and when not. Caps of a channel and of all hold
 * side by side; quiet hours of a channel stand in the place of those of all. Null means no bound.
 */
export interface CapsPolicy {
  /** Null: all channels together. */
  readonly channel: ChannelName | null;
  /** Sends a day, by the calendar of the shop's zone. */
  readonly perDay: number | null;
  /** Sends on a day and the six before it. */
  readonly perWeek: number | null;
  /** Minutes of the member's local day; quiet hours may span midnight. */
  readonly quietFrom: number | null;
  readonly quietTo: number | null;
}

const cap = z.int().min(1).max(1_000).nullable().default(null);
const minute = z.int().min(0).max(1_440).nullable().default(null);

const Policy = z
  .strictObject({
    channel: z.enum(channelNames).nullable().default(null),
    perDay: cap,
    perWeek: cap,
    quietFrom: minute,
    quietTo: minute,
  })
  .superRefine(({ channel, perDay, perWeek, quietFrom, quietTo }, check) => {
    const fault = (path: string, message: string) => check.addIssue({ code: "custom", path: [path], message });
    if (perDay !== null && perWeek !== null && perDay > perWeek) fault("perDay", "is more than perWeek allows");
    if ((quietFrom === null) !== (quietTo === null)) fault("quietTo", "quiet hours need both ends");
    if (quietFrom === null || quietTo === null) return;
    if (quietFrom % 1_440 === quietTo % 1_440)
      fault("quietTo", "quiet hours must end at another minute than they begin");
    if (channel !== null && isLocal(channel)) fault("quietFrom", `${channel} makes no sound: it has no quiet hours`);
  });

/**
 * Sets the whole policy of a channel, or of all together; one without any bound is taken away. It holds everywhere
 * within 5 seconds.
 */
export async function setCapsPolicy(ctx: Context, input: z.input<typeof Policy>) {
  const checked = parseInput(Policy, input);
  if (isRefusal(checked)) return checked;
  const { channel, perDay, perWeek, quietFrom, quietTo } = checked;
  const key = channel ?? together;
  const bounds = [perDay, perWeek, quietFrom].some((bound) => bound !== null);
  const after = { perDay, perWeek, quietFrom, quietTo };
  await withTransaction(ctx, async (tx) => {
    const before = (await listCapsPolicies(tx)).find((each) => each.channel === channel);
    await tx.db.write([
      ...auditChanges(tx, subjectOf("caps", channel ?? "all"), changesBetween({ ...before }, after)),
      policyStatement(tx, key, bounds ? after : undefined),
    ]);
  });
  forgetPolicies(ctx);
  return checked;
}

type Bounds = Omit<CapsPolicy, "channel">;

function policyStatement(ctx: Context, key: string, policy: Bounds | undefined): Query {
  if (!policy) return sql`DELETE FROM pressure_policy WHERE channel = ${key}`;
  const { perDay, perWeek, quietFrom, quietTo } = policy;
  return sql`
    INSERT INTO pressure_policy (channel, per_day, per_week, quiet_from, quiet_to, set_by, set_at)
    VALUES (${key}, ${perDay}, ${perWeek}, ${quietFrom}, ${quietTo}, ${describeActor(ctx.actor)}, ${ctx.clock()})
    ON CONFLICT DO UPDATE SET per_day = excluded.per_day, per_week = excluded.per_week,
      quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, set_by = excluded.set_by,
      set_at = excluded.set_at`;
}

/** The policies that are set, in the channels' order, that of all together first. */
export async function listCapsPolicies(ctx: Context): Promise<CapsPolicy[]> {
  const rows = await ctx.db.all<PolicyRow>(sql`
    SELECT channel, per_day AS perDay, per_week AS perWeek, quiet_from AS quietFrom, quiet_to AS quietTo
    FROM pressure_policy`);
  const order = [null, ...channelNames];
  return order.flatMap((channel) => {
    const row = rows.find((each) => each.channel === (channel ?? together));
    return row ? [{ ...row, channel }] : [];
  });
}

/** The name of all channels together. */
const together = "*";

type PolicyRow = Omit<CapsPolicy, "channel"> & { readonly channel: string };

/** How long a process goes on with the policies that it has read, in milliseconds. */
const memoryMs = 5_000;

interface KnownPolicies {
  until: number;
  policies: Promise<CapsPolicy[]> | undefined;
}
const known = (ctx: Context) =>
  perApp(ctx, "campaign.capsPolicies", (): KnownPolicies => ({ until: 0, policies: undefined }));

function forgetPolicies(ctx: Context): void {
  known(ctx).policies = undefined;
}

/** {@link listCapsPolicies}, at most 5 seconds old: every page and every batch asks. */
export function capsPolicies(ctx: Context): Promise<readonly CapsPolicy[]> {
  const last = known(ctx);
  if (last.policies && ctx.timers.now() < last.until) return last.policies;
  const policies = listCapsPolicies(ctx);
  Object.assign(last, { until: ctx.timers.now() + memoryMs, policies });
  policies.catch(() => forgetPolicies(ctx));
  return policies;
}
