import type { Actor } from "../actor.ts";
import { told } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { wishes } from "./wishes.ts";

/** Who is a member, by external id. */
export const membersKnown = (): string[] => [];

const zones = ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Pacific/Apia", undefined];

/** A member as the shop's backend has them. */
export function rowOf(n: number) {
  const channels = ["EMAIL", "SMS", "PUSH"].filter((_, i) => (n >> i) % 3 !== 2);
  return {
    externalId: `x${n}`,
    email: n % 7 === 6 ? undefined : `m${n}@shop.example`,
    phone: n % 5 === 4 ? undefined : `+4915100${String(n).padStart(5, "0")}`,
    pushTokens: n % 3 === 0 ? [`token-${n}`] : [],
    timeZone: zones[n % zones.length],
    level: n % 4,
    consent: channels.map((channel) => ({ channel, granted: true })),
  };
}

/** The shop's backend says who its members are. */
export const members: Actor = {
  name: "members",
  async found(world, chance) {
    const many = chance.between(30, 90);
    const rows = Array.from({ length: many }, (_, n) => rowOf(n + 1));
    const answer = await world.admin.does("upsertMembers", { members: rows }, "MemberUpserts { __typename }");
    world.story.say(`${many} members come: ${told(answer)}`);
    world.known(membersKnown).push(...rows.map(({ externalId }) => externalId));
    const asked = world.engine.elapsed;
    for (const { externalId, consent } of rows)
      for (const { channel } of consent)
        world.known(wishes).push({ externalId, channel, topic: "*", kind: "listed yes", asked, answered: asked });
  },
  deeds: {},
};

export function someMember(world: World, pick: <Item>(items: readonly Item[]) => Item): string {
  return pick(world.known(membersKnown));
}
