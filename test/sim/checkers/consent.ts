import { sql } from "drizzle-orm";
import { rows } from "../../../src/db/bulk.ts";
import type { Checker } from "../actor.ts";
import { ownerOf } from "../actors/wishes.ts";
import type { Taken } from "../world/providers.ts";
import type { World } from "../world/world.ts";
import { mayBeGranted } from "./granted.ts";

/** The last message of each provider that was looked at. */
const lookedAt = (): { upTo: number } => ({ upTo: 0 });

interface Frozen {
  readonly key: string;
  readonly topic: string;
  /** By the shop's clock (ms). */
  readonly frozenAt: number | null;
  readonly triedAt: number | null;
}

/**
 * Whoever got a message had agreed to it, and had not taken that back, when the batch was frozen in which it went out;
 * nobody erased got one. The first call followed within two seconds.
 */
export const consent: Checker = {
  name: "I14 consent",
  async always(world) {
    const { ctx, providers } = world;
    const seen = world.known(lookedAt);
    const fresh = providers.taken.slice(seen.upTo);
    if (!ctx || fresh.length === 0) return [];
    seen.upTo = providers.taken.length;
    const keys = fresh.map((each) => ({ key: keyOf(each) }));
    const found = await ctx.db.all<Frozen>(sql`
      SELECT s.run || ':' || s.member || ' ' || s.channel AS key, r.frozen ->> '$.topic' AS topic,
        b.frozen_at AS frozenAt, b.first_tried_at AS triedAt
      FROM send s JOIN run r ON r.id = s.run LEFT JOIN batch b ON b.seq = s.batch
      WHERE s.run || ':' || s.member || ' ' || s.channel IN (SELECT value ->> 'key' FROM ${rows(keys)})`);
    const batches = new Map(found.map((each) => [each.key, each]));
    return fresh.flatMap((each) => {
      const batch = batches.get(keyOf(each));
      return batch ? faultsOf(world, each, batch) : [];
    });
  },
};

const keyOf = ({ ref, channel }: Taken) => `${ref} ${channel}`;

function faultsOf(world: World, taken: Taken, { key, topic, frozenAt, triedAt }: Frozen): string[] {
  if (frozenAt === null || triedAt === null) return [`${key} was taken, and no batch of it was frozen and tried`];
  const late = triedAt - frozenAt > 2_000 ? [`${key}: its batch was first tried ${triedAt - frozenAt} ms later`] : [];
  const [from, to] = momentsOf(world, frozenAt, taken.at);
  const externalId = ownerOf(taken.to);
  if (mayBeGranted(world, { externalId, channel: taken.channel, topic, from, to })) return late;
  return [
    ...late,
    `${key} (${topic}) went to ${externalId} at ${taken.at} ms, who had not agreed when frozen at ${from}`,
  ];
}

/** When it may have been, elapsed ms, as the shop's clock said it was `clock`; the earliest and the latest. */
function momentsOf({ now, engine, skews }: World, clock: number, before: number): [number, number] {
  const beginning = now() - engine.elapsed;
  const all = skews.flatMap(({ at, ms }, n) => {
    const moment = clock - beginning - ms;
    const end = skews[n + 1]?.at ?? Number.POSITIVE_INFINITY;
    return moment >= at - 1 && moment <= end + 1 && moment <= before ? [moment] : [];
  });
  return all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0, before];
}
