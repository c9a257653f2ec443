import { z } from "zod";
import { type ChannelName, type ExternalChannelName, externalNames, isExternal } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { auditChanges, changesBetween, subjectOf } from "../transition/audit.ts";
import { readEmail } from "../value/email-address.ts";
import { readPhone } from "../value/phone.ts";
import { canonicalOr } from "../value/value.ts";
import { operationsSettings } from "./settings.ts";

type Sandbox = Context["sandbox"];

/** One send that the sandbox took in a provider's place. */
export type SandboxDelivery = ReturnType<Sandbox["list"]>["deliveries"][number];

/** What the sandbox does wrong on a channel. Rates are shares of all requests, 0–1. */
export type SandboxFaults = ReturnType<Sandbox["faults"]>[ExternalChannelName] & { readonly channel: ChannelName };

export interface OutboxFilter {
  readonly channel?: ChannelName | undefined;
  readonly run?: number | undefined;
  /** One address, in full, however it is written. */
  readonly recipient?: string | undefined;
}

/** What the sandbox took, newest first; `after` is the `seq` of the last one on the page before. */
export function listSandbox(
  { sandbox }: Context,
  { channel, run, recipient, after, limit }: OutboxFilter & { after?: number | undefined; limit: number },
): readonly SandboxDelivery[] {
  if (channel !== undefined && !isExternal(channel)) return [];
  return sandbox.list({
    first: limit,
    ...(channel === undefined ? {} : { channel }),
    ...(run === undefined ? {} : { run: String(run) }),
    ...(recipient === undefined ? {} : { to: canonicalOr(recipient.includes("@") ? readEmail : readPhone, recipient) }),
    ...(after === undefined ? {} : { after }),
  }).deliveries;
}

/** What the sandbox took, in numbers. */
export interface SandboxSums {
  readonly channels: readonly { readonly channel: ChannelName; readonly deliveries: number }[];
  /** How many (run, member, channel) were delivered more than once: 0, unless something is broken. */
  readonly duplicates: number;
}

/** Counts what the sandbox took, of one run or in all. Reads all of it. */
export function countSandbox({ sandbox }: Context, { run }: { run?: number | undefined }): SandboxSums {
  const filter = run === undefined ? {} : { run: String(run) };
  const counts = sandbox.counts(filter);
  return {
    channels: externalNames.map((channel) => ({ channel, deliveries: counts[channel] })),
    duplicates: sandbox.duplicates(filter),
  };
}

export function listSandboxFaults({ sandbox }: Context): SandboxFaults[] {
  const faults = sandbox.faults();
  return externalNames.map((channel) => ({ channel, ...faults[channel] }));
}

const rate = z.number().min(0).max(1);
const milliseconds = z.number().min(0).max(600_000);
const Faults = z
  .strictObject({
    fail: rate.optional(),
    busy: rate.optional(),
    drop: rate.optional(),
    late: rate.optional(),
    lateMs: milliseconds.optional(),
    delayMs: milliseconds.optional(),
  })
  .refine(({ busy = 0, drop = 0, late = 0 }) => busy + drop + late <= 1, "busy, drop and late together exceed 1");

/**
 * Tells the sandbox what to do wrong on a channel; what is not said goes right. FORBIDDEN in production, unless it
 * allows the sandbox.
 */
export async function setSandboxFaults(
  ctx: Context,
  { channel, ...said }: { channel: ChannelName } & Record<string, unknown>,
) {
  if (!operationsSettings.of(ctx).sandboxAllowed) {
    return refuse.forbidden("Production does not allow the sandbox; start with ALLOW=sandbox to use it.");
  }
  if (!isExternal(channel)) {
    return refuse.invalid([{ path: "channel", message: `${channel} has no provider that could fail` }]);
  }
  const faults = parseInput(Faults, said);
  if (isRefusal(faults)) return faults;
  const before = ctx.sandbox.faults()[channel];
  ctx.sandbox.setFaults(channel, compact(faults));
  const changes = changesBetween({ ...before }, { ...ctx.sandbox.faults()[channel] });
  await ctx.db.write(auditChanges(ctx, subjectOf("sandbox", channel), changes));
  return { channel, ...ctx.sandbox.faults()[channel] };
}

type Said = z.infer<typeof Faults>;

/** Without what is undefined: there, absent and undefined are not the same. */
function compact(said: Said): { [Name in keyof Said]?: Exclude<Said[Name], undefined> } {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
