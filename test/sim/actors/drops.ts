import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import { pause } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { claim } from "./claimants.ts";
import { draftBy } from "./drafts.ts";
import { someMember } from "./members.ts";
import { offer } from "./templates.ts";

/** So many a history has: a drop is a stretch of claims by itself. */
const mostTimes = 6;

/** How often it happened. */
const times = () => ({ n: 0 });

/** So long the gate has to be loaded, once an early bird was there (ms): a crowd before that goes past it. */
const loadedMs = 500;

/** When those come who are late (ms): while the gate holds units for whom a crash cut off, and once it was mended. */
const lateMs = { soon: [2_000, 8_000], mended: [35_000, 90_000] } as const;

/** Members who come in a crowd for what is scarce and stays open; often the process dies amid them. Others are late. */
export const drops: Actor = {
  name: "drops",
  deeds: {
    drop: {
      weight: 3,
      async do(world, chance) {
        const so = world.known(times);
        if (so.n >= mostTimes) return;
        so.n += 1;
        const template = await offer(world, { ...draftBy(chance, world.now()), ...scarce(chance) });
        if (!template) return;
        const { id } = template;
        await crowd(world, chance, { id, many: 1, key: "k6" });
        await pause(world, loadedMs);
        if (chance.happens(0.7)) strike(world, chance);
        await crowd(world, chance, { id, many: chance.between(10, 40), key: "k7" });
        for (const [n, [least, most]] of [lateMs.soon, lateMs.mended].entries()) {
          await pause(world, chance.between(least, most));
          await crowd(world, chance, { id, many: chance.between(3, 8), key: `k${8 + n}` });
        }
      },
    },
  },
};

/** What nothing ends but that all is given: what a crash left at its gate is looked for to the last day. */
function scarce(chance: Chance) {
  return {
    issueMode: "SELF_CLAIM",
    codeMode: "NONE",
    stock: String(chance.between(4, 24)),
    budget: null,
    eligibility: undefined,
    opensAt: undefined,
    closesAt: undefined,
    validity: { days: 2 },
  } as const;
}

/** The process dies where claims were let in and are not decided yet, and is back before the next come. */
function strike({ boundaries }: World, chance: Chance): void {
  const awayMs = chance.pick([100, 1_000]);
  const where = chance.pick(["before commit of fanfare.db", "after redis call", "amid"] as const);
  if (where === "amid") boundaries.killAmid(chance.between(2, 8), awayMs);
  else boundaries.killAt(where, chance.between(1, 8), awayMs);
}

interface Crowd {
  readonly id: string;
  readonly many: number;
  readonly key: string;
}

/** So many members, some of them twice, within a moment. */
async function crowd(world: World, chance: Chance, { id, many, key }: Crowd): Promise<void> {
  const withinMs = chance.pick([5, 50]);
  const all = Array.from({ length: many }, async () => {
    const externalId = someMember(world, chance.pick);
    await pause(world, chance.between(0, withinMs));
    await claim(world, { externalId, templateId: id, key });
  });
  await Promise.all(all);
}
