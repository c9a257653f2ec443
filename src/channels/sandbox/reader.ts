import type { Database } from "bun:sqlite";
import { byChannel, externalNames } from "../catalog.ts";
import type { ExternalChannelName } from "../channel.ts";
import { type ChannelNumbers, splitRef } from "./log.ts";

/** One accepted send, as the provider would have delivered it. */
export interface Delivery {
  /** Position in the log, from 1 upwards; the cursor of {@link DeliveryFilter.after}. */
  readonly seq: number;
  readonly providerId: string;
  readonly channel: ExternalChannelName;
  readonly batchId: string;
  readonly ref: string;
  readonly to: readonly string[];
  readonly parts: Readonly<Record<string, string>>;
  readonly unsubscribeUrl?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface DeliveryFilter {
  readonly channel?: ExternalChannelName;
  /** One address, in full. */
  readonly to?: string;
  readonly ref?: string;
  readonly run?: string;
  /** At most so many, up to 1,000; 50 where nothing is said. */
  readonly first?: number;
  /** Only what is older than this `seq`. */
  readonly after?: number;
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  readonly hasNext: boolean;
}

export type Counts = Readonly<Record<ExternalChannelName, number>>;

export function providerIdOf(seq: number): string {
  return `sandbox-${seq}`;
}

/** Reads the sandbox's log. */
export function openSandboxReader(db: Database, numbers: ChannelNumbers) {
  const counting = db.query<{ channel: number; rows: number }, [string | null]>(
    `SELECT channel, count(*) AS rows FROM delivery
     WHERE ?1 IS NULL OR run = (SELECT id FROM run WHERE name = ?1) GROUP BY channel`,
  );
  const repeats = db.query<{ rows: number }, [string | null]>(
    `SELECT count(*) AS rows FROM (
       SELECT 1 FROM delivery WHERE ?1 IS NULL OR run = (SELECT id FROM run WHERE name = ?1)
       GROUP BY run, member, channel HAVING count(*) > 1)`,
  );
  return {
    list: (filter: DeliveryFilter = {}) => list(db, numbers, filter),
    counts({ run }: { readonly run?: string } = {}): Counts {
      const rows = new Map(counting.all(run ?? null).map(({ channel, rows }) => [channel, rows]));
      return byChannel(externalNames, (name) => rows.get(numbers[name]) ?? 0);
    },
    duplicates: ({ run }: { readonly run?: string } = {}): number => repeats.get(run ?? null)?.rows ?? 0,
  };
}

interface DeliveryRow {
  readonly seq: number;
  readonly channel: ExternalChannelName;
  readonly batch: string;
  readonly ref: string;
  readonly recipient: string;
  readonly parts: string;
  readonly unsubscribe: string | null;
  readonly at: number;
}

function list(db: Database, numbers: ChannelNumbers, filter: DeliveryFilter): DeliveryPage {
  const first = Math.min(Math.max(filter.first ?? 50, 1), 1_000);
  const { where, values } = conditions(numbers, filter);
  const rows = db
    .query<DeliveryRow, (string | number)[]>(
      `SELECT * FROM delivered WHERE seq IN (SELECT seq FROM delivery WHERE ${where} ORDER BY seq DESC LIMIT ?)
       ORDER BY seq DESC`,
    )
    .all(...values, first + 1);
  return { deliveries: rows.slice(0, first).map(deliveryOf), hasNext: rows.length > first };
}

function conditions(numbers: ChannelNumbers, { channel, to, ref, run, after }: DeliveryFilter) {
  const terms: [sql: string, ...values: (string | number)[]][] = [["TRUE"]];
  if (channel) terms.push(["channel = ?", numbers[channel]]);
  if (after !== undefined) terms.push(["seq < ?", after]);
  // The plus keeps the newest rows first without sorting a whole run.
  if (run !== undefined) terms.push(["+run = (SELECT id FROM run WHERE name = ?)", run]);
  if (to !== undefined)
    terms.push([
      "(recipient = ? OR (recipient LIKE '[%' AND EXISTS (SELECT 1 FROM json_each(recipient) WHERE value = ?)))",
      to,
      to,
    ]);
  if (ref !== undefined) {
    const { run: name, member } = splitRef(ref);
    terms.push(["run = (SELECT id FROM run WHERE name = ?) AND member = ?", name, member]);
  }
  return { where: terms.map(([sql]) => sql).join(" AND "), values: terms.flatMap(([, ...values]) => values) };
}

function deliveryOf({ seq, channel, batch, ref, recipient, parts, unsubscribe, at }: DeliveryRow): Delivery {
  return {
    seq,
    providerId: providerIdOf(seq),
    channel,
    batchId: batch,
    ref,
    to: addressesFrom(recipient),
    parts: partsFrom(parts),
    ...(unsubscribe === null ? {} : { unsubscribeUrl: unsubscribe }),
    at,
  };
}

function addressesFrom(recipient: string): string[] {
  const parsed: unknown = recipient.startsWith("[") ? JSON.parse(recipient) : [recipient];
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

function partsFrom(text: string): Record<string, string> {
  return Object.fromEntries(Object.entries(JSON.parse(text)).map(([name, value]) => [name, String(value)]));
}
