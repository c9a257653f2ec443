import type { Timers } from "../../world.ts";
import { type AddressKind, byChannel, channels, externalNames } from "../catalog.ts";
import type {
  BatchOutcome,
  Envelope,
  ExternalChannelName,
  SendBatch,
  Sender,
  Senders,
  SenderWorld,
  SendResult,
} from "../channel.ts";
import { partFaults } from "../rendered.ts";
import { answerInTime, timedOut } from "../timeout.ts";
import { type ChannelFaults, fateOf, seededRandom } from "./faults.ts";
import { openSandboxLog, type SandboxLog } from "./log.ts";
import { type Counts, type DeliveryFilter, type DeliveryPage, openSandboxReader, providerIdOf } from "./reader.ts";

export interface SandboxOptions {
  /** The log's SQLite file; made when it is not there. */
  readonly path: string;
  /** Replaces the faults kept in the file; without it they stay as they were last set. */
  readonly faults?: Partial<Record<ExternalChannelName, Partial<ChannelFaults>>>;
  /** Where the dice that the faults are thrown with begin. */
  readonly seed?: number;
  /** How long a sender waits for an answer, in milliseconds. */
  readonly timeoutMs?: number;
}

/** Stands in for the providers: takes every send into a durable log of its own, and lets nothing leave. */
export interface Sandbox {
  readonly senders: Senders;
  /** Accepted deliveries, newest first. */
  list(filter?: DeliveryFilter): DeliveryPage;
  /** Accepted deliveries per channel, repeats included. */
  counts(filter?: { readonly run?: string }): Counts;
  /** How many (ref, channel) were delivered more than once. */
  duplicates(filter?: { readonly run?: string }): number;
  /**
   * Drops deliveries older than this moment (ms since 1970), and the oldest of more than `max`; answers how many. Keys
   * that are still recognised stay.
   */
  purge(olderThan: number, max?: number): Promise<number>;
  /** Takes the address and the words out of what a member was sent. */
  forget(member: number): void;
  faults(): Readonly<Record<ExternalChannelName, ChannelFaults>>;
  /** Sets a channel's faults, for every process that shares the file and for later starts; what is not said is 0. */
  setFaults(channel: ExternalChannelName, faults: Partial<ChannelFaults>): void;
  close(): void;
}

/**
 * Opens the sandbox. A send is answered only after it is on disk. Like the provider it stands for, a channel with
 * `idempotentHours` answers a repeated batch id with the first result for so long, and other contents under that id
 * with a conflict; the others know no repeats, so a second call is a second delivery. Addresses of a wrong shape and
 * contents that the provider would not take fail alone; push tokens that start with `gone` are reported as gone.
 */
export function createSandbox(options: SandboxOptions, world: SenderWorld): Sandbox {
  const { path, faults, seed = 1, timeoutMs = 2_000 } = options;
  const { clock, timers } = world;
  const log = openSandboxLog(path, timers);
  if (faults) for (const name of externalNames) log.setFaults(name, faults[name] ?? {});
  const dice = seededRandom(seed);
  const sender = (name: ExternalChannelName) => sandboxSender({ name, log, clock, dice, timers, timeoutMs });
  return {
    ...openSandboxReader(log.db, log.numbers),
    senders: byChannel(externalNames, sender),
    purge: (olderThan, max = Number.MAX_SAFE_INTEGER) => {
      const keysBefore = Math.min(olderThan, clock() - Math.max(...externalNames.map(windowMs)));
      return log.purge({ olderThan, max, keysBefore });
    },
    forget: log.forget,
    faults: log.faults,
    setFaults: log.setFaults,
    close: log.close,
  };
}

interface SandboxChannel {
  readonly name: ExternalChannelName;
  readonly log: SandboxLog;
  readonly clock: () => number;
  readonly dice: () => number;
  readonly timers: Timers;
  readonly timeoutMs: number;
}

function sandboxSender(channel: SandboxChannel): Sender {
  const { batch, parallelism } = channels[channel.name].limits;
  const idempotent = windowMs(channel.name) > 0;
  return {
    name: channel.name,
    idempotent,
    limits: { batch, parallelism },
    timeoutMs: channel.timeoutMs,
    send: async (sent) => {
      try {
        return await (idempotent ? sendWhole(channel, sent) : sendSingly(channel, sent));
      } catch (error) {
        return unwritten(error);
      }
    },
  };
}

/** One request carries the batch, so what happens on the road happens to all of it. */
function sendWhole(channel: SandboxChannel, batch: SendBatch): Promise<BatchOutcome> {
  const faults = channel.log.faults()[channel.name];
  const answer = async (): Promise<BatchOutcome> => {
    const fate = fateOf(faults, channel.dice);
    await pause(channel.timers, faults.delayMs);
    if (fate === "busy") return busy;
    if (fate === "drop") return await never();
    const outcome = await take(channel, batch, faults.fail);
    if (fate === "late") await pause(channel.timers, faults.lateMs);
    return outcome;
  };
  return answerInTime(channel.timers, answer(), channel.timeoutMs, { kind: "retry", reason: timedOut });
}

/** One request a row: each has a fate of its own. Those that arrive are written together. */
async function sendSingly(channel: SandboxChannel, batch: SendBatch): Promise<BatchOutcome> {
  const faults = channel.log.faults()[channel.name];
  const fates = batch.envelopes.map(() => fateOf(faults, channel.dice));
  const arrive = batch.envelopes.filter((_, index) => fates[index] === "through" || fates[index] === "late");
  const arrived = pause(channel.timers, faults.delayMs)
    .then(() => take(channel, { id: batch.id, envelopes: arrive }, faults.fail))
    .then((outcome) => answersOf(outcome, arrive));
  const inTime = answerInTime(channel.timers, arrived, channel.timeoutMs, new Map<Envelope, SendResult>());
  inTime.catch(() => {}); // a failure that no row waits for is told by `arrived`
  const answer = async (envelope: Envelope, index: number): Promise<SendResult> => {
    if (fates[index] === "busy") return busy;
    if (fates[index] === "drop") return await answerInTime(channel.timers, never(), channel.timeoutMs, unheard);
    if (fates[index] === "through") return (await inTime).get(envelope) ?? unheard;
    const late = arrived.then((answers) =>
      pause(channel.timers, faults.lateMs).then(() => answers.get(envelope) ?? unheard),
    );
    return await answerInTime(channel.timers, late, channel.timeoutMs, unheard);
  };
  return { kind: "results", results: await Promise.all(batch.envelopes.map(answer)) };
}

const busy = { kind: "retry", afterSeconds: 1, reason: "the sandbox was told to be busy" } as const;
const unheard = { kind: "unknown", reason: timedOut } as const;
const never = () => new Promise<never>(() => {});

function answersOf(outcome: BatchOutcome, envelopes: readonly Envelope[]): Map<Envelope, SendResult> {
  return new Map(
    envelopes.map((envelope, i) => [envelope, (outcome.kind === "results" ? outcome.results[i] : outcome) ?? unheard]),
  );
}

/**
 * Takes a request that arrived: judges every envelope, writes the accepted ones down, and answers as the provider
 * would.
 */
async function take(channel: SandboxChannel, { id, envelopes }: SendBatch, fail: number): Promise<BatchOutcome> {
  if (envelopes.length === 0) return { kind: "results", results: [] };
  const refused = new Map<number, string>();
  envelopes.forEach((envelope, index) => {
    const reason =
      fault(channel.name, envelope) ?? (fail > 0 && channel.dice() < fail ? "the sandbox was told to fail" : undefined);
    if (reason) refused.set(index, reason);
  });
  const at = channel.clock();
  const taken = await channel.log.take({
    channel: channel.name,
    key: id,
    at,
    accepted: envelopes.filter((_, index) => !refused.has(index)),
    refused,
    ...(windowMs(channel.name)
      ? { repeat: { fingerprint: fingerprint(envelopes), since: at - windowMs(channel.name) } }
      : {}),
  });
  let seq = taken.kind === "taken" ? taken.first : 0;
  const result = ({ to }: Envelope, index: number): SendResult => {
    if (taken.kind === "conflict") return { kind: "unknown", reason: "invalid_idempotent_request" };
    const reason = taken.refused.get(index);
    const gone = channels[channel.name].address === "push" ? { goneTokens: to.filter(isGone) } : {};
    return reason ? { kind: "failed", reason, ...gone } : { kind: "sent", providerId: providerIdOf(seq++), ...gone };
  };
  return { kind: "results", results: envelopes.map(result) };
}

/** A log that cannot be written has accepted nothing. */
function unwritten(error: unknown): BatchOutcome {
  const why = error instanceof Error ? error.message : "no reason given";
  return { kind: "retry", afterSeconds: 1, reason: `the sandbox could not write its log: ${why}` };
}

function fingerprint(envelopes: readonly Envelope[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(envelopes)).digest("base64");
}

const shapes: Readonly<Record<Exclude<AddressKind, "none">, RegExp>> = {
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  phone: /^\+?[1-9]\d{3,14}$/,
  push: /^\S+$/,
};

/** What the provider would refuse an envelope for. */
function fault(name: ExternalChannelName, { ref, to, parts }: Envelope): string | undefined {
  return addressFault(name, to) ?? contentFault(name, parts, ref);
}

function contentFault(name: ExternalChannelName, parts: Envelope["parts"], ref: string): string | undefined {
  const [first] = partFaults(name, parts, ref);
  return first && `the ${first.part} cannot be taken: ${first.message}`;
}

function addressFault(name: ExternalChannelName, to: readonly string[]): string | undefined {
  const { address } = channels[name];
  const fits = (text: string) => shapes[address].test(text);
  if (address === "push")
    return to.some((token) => fits(token) && !isGone(token)) ? undefined : "no token is registered";
  return to.length > 0 && to.every(fits) ? undefined : "the address is not valid";
}

const isGone = (token: string) => token.startsWith("gone");
const windowMs = (name: ExternalChannelName) => channels[name].idempotentHours * 3_600_000;

/** Holds a request back; such a wait keeps no process alive. */
async function pause(timers: Timers, ms: number): Promise<void> {
  if (ms <= 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  timers.after(Math.min(ms, 2 ** 31 - 1), resolve).unref();
  await promise;
}
