import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { heard } from "../actors/callbacks.ts";
import type { Taken } from "../world/providers.ts";
import type { World } from "../world/world.ts";

/** What the ledger says of a message: how it stands, and how far its provider told that it came. */
interface Entry {
  readonly state: string;
  readonly progress: number;
}

/** Nobody got anything twice, who got something has a row that says so, and who has such a row got it. */
export const sends: Checker = {
  name: "I7 sends",
  async always(world) {
    const { taken } = world.providers;
    const ledger = await ledgerOf(world);
    const took = new Set(taken.map(keyOf));
    const odd = [...took].flatMap((key) => {
      const { state } = ledger.get(key) ?? { state: "in no ledger" };
      return mayBeTaken.includes(state) ? [] : [`the provider took ${key}, which is ${state}`];
    });
    const missing = [...ledger].flatMap(([key, { state }]) =>
      state === "SENT" && !took.has(key) ? [`${key} is SENT, and its provider never took it`] : [],
    );
    return [...twice(taken), ...odd, ...missing, ...untold(world, ledger)];
  },
};

const mayBeTaken = ["SENDING", "SENT", "UNKNOWN"];

const keyOf = ({ ref, channel }: Pick<Taken, "ref" | "channel">) => `${ref} ${channel}`;

/** By `run:member channel`; a row for each run's channel is read, as thousands are dear. */
async function ledgerOf({ ctx }: World): Promise<ReadonlyMap<string, Entry>> {
  const rows = await ctx?.db.all<{ run: number; channel: string; entries: string }>(sql`
    SELECT run, channel, json_group_array(json_array(member, state, progress)) AS entries FROM send
    WHERE channel IN ('EMAIL', 'SMS', 'PUSH') GROUP BY run, channel`);
  return new Map(
    rows?.flatMap(({ run, channel, entries }) =>
      (JSON.parse(entries) as [number, string, number][]).map(([member, state, progress]): [string, Entry] => [
        `${run}:${member} ${channel}`,
        { state, progress },
      ]),
    ),
  );
}

/** A member with several devices gets a push on each. */
function twice(taken: readonly Taken[]): string[] {
  const times = Map.groupBy(taken, (each) => `${keyOf(each)} at ${each.to}`);
  return [...times].flatMap(([what, all]) => {
    const at = all.map((each) => each.at).join(", ");
    return all.length > 1 ? [`${what} was taken ${all.length} times, at ${at} ms`] : [];
  });
}

/** What a provider told, and was answered 2xx for, is in the ledger: the row is SENT, as far as was told at least. */
function untold({ known }: World, ledger: ReadonlyMap<string, Entry>): string[] {
  const odd = known(heard).flatMap(({ ref, channel, rank }) => {
    const entry = ledger.get(`${ref} ${channel}`);
    if (!entry || (entry.progress >= rank && entry.state !== "UNKNOWN")) return [];
    return [`${ref} ${channel} was told to be ${rank}, the ledger says ${entry.state} ${entry.progress}`];
  });
  return [...new Set(odd)];
}
