import type { Actor } from "../actor.ts";
import { expectNoErrors, told } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { insist } from "./staff.ts";
import { wishes } from "./wishes.ts";

/** Who is a member, by external id. */
export const membersKnown = (): string[] => [];

/** Zones that members moved to, or may have. */
export const zonesKnown = (): { readonly externalId: string; readonly zone: string | null }[] => [];

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
    ...(n % 4 === 1 && { birthday: `19${60 + (n % 40)}-01-${29 + (n % 3)}` }),
    ...(n % 5 === 2 && { membershipEndsAt: `2027-01-${30 + (n % 2)}T12:00:00Z` }),
    ...(n % 6 === 3 && { lastActiveAt: "2027-01-28T20:00:00Z" }),
    consent: channels.map((channel) => ({ channel, granted: true })),
  };
}

/** As many members as a shop ever has here: with more a history takes longer. */
const mostMembers = 95;

/** The shop's backend says who its members are, and who comes later. */
export const members: Actor = {
  name: "members",
  found: (world, chance) => come(world, chance.between(30, 90)),
  deeds: {
    come: {
      weight: 2,
      async do(world, chance) {
        const room = mostMembers - world.known(membersKnown).length;
        const many = Math.min(room, chance.between(5, 25));
        if (many > 0) await come(world, many);
      },
    },
    move: {
      weight: 2,
      async do(world, chance) {
        const timeZone = chance.pick(zones) ?? null;
        const ids = new Set(Array.from({ length: chance.between(1, 8) }, () => someMember(world, chance.pick)));
        const rows = [...ids].map((externalId) => ({ externalId, timeZone }));
        for (const id of ids) world.known(zonesKnown).push({ externalId: id, zone: timeZone });
        const ask = () => world.admin.does("upsertMembers", { members: rows }, "MemberUpserts { __typename }");
        const answer = await insist(world, ask);
        world.story.say(`${[...ids].join(" ")} move to ${timeZone ?? "nowhere"}: ${told(answer)}`);
        expectNoErrors("upsertMembers", answer);
      },
    },
  },
};

async function come(world: World, many: number): Promise<void> {
  const known = world.known(membersKnown);
  const first = known.length + 1;
  const rows = Array.from({ length: many }, (_, n) => rowOf(first + n));
  const asked = world.engine.elapsed;
  for (const { externalId, consent } of rows)
    for (const { channel } of consent)
      world.known(wishes).push({ externalId, channel, topic: "*", kind: "listed yes", asked });
  const ask = () => world.admin.does("upsertMembers", { members: rows }, "MemberUpserts { __typename }");
  const answer = await insist(world, ask);
  world.story.say(`${many} members come: ${told(answer)}`);
  expectNoErrors("upsertMembers", answer);
  if (answer.kind !== "data") return; // whoever comes next has these numbers
  known.push(...rows.flatMap(({ externalId }) => (known.includes(externalId) ? [] : [externalId])));
}

export function someMember(world: World, pick: <Item>(items: readonly Item[]) => Item): string {
  return pick(world.known(membersKnown));
}
