import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import type { World } from "../world/world.ts";
import { said } from "./occasions.ts";
import { insist, tell } from "./staff.ts";

/** Goods that were asked for, and when that was answered (elapsed ms); undefined: said more than once, or unheard. */
export interface Told {
  readonly day: string;
  readonly goods: string;
  readonly priority: number;
  readonly answered: number | undefined;
}
export const goodsTold = (): Map<string, Told> => new Map();

/** Operators who tell of goods of the day, each to members of its persona. */
export const goodsTellers: Actor = {
  name: "goodsTellers",
  deeds: {
    plan: { weight: 1, do: plan },
    add: {
      weight: 3,
      async do(world, chance) {
        const day = new Date(world.now() + chance.pick([0, 0, 1]) * 86_400_000).toISOString().slice(0, 10);
        const names = ["tea", "cup", "pot", "tin", "milk"].filter(() => chance.happens(0.6));
        if (names.length === 0) return;
        const rows = names.map((goods) => ({
          ...{ date: day, goods, name: `The ${goods}` },
          priority: chance.between(0, 9),
          ...(chance.happens(0.85) && { persona: personaOf(chance) }),
        }));
        const known = world.known(goodsTold);
        for (const { goods, priority } of rows) {
          const was = known.has(`${day} ${goods}`);
          known.set(`${day} ${goods}`, { day, goods, priority: was ? Number.NaN : priority, answered: undefined });
        }
        const answer = await insist(world, () =>
          world.admin.does("addHotGoods", { rows }, "HotGoodsAdded { __typename }"),
        );
        tell(world, `the admin says goods of ${day}: ${names.join(" ")}`, answer);
        if (answer.kind !== "data") return;
        for (const { goods } of rows) {
          const told = known.get(`${day} ${goods}`);
          if (told) known.set(`${day} ${goods}`, { ...told, answered: world.engine.elapsed });
        }
        if (chance.happens(0.5)) await plan(world, chance);
      },
    },
  },
};

async function plan(world: World, chance: Chance): Promise<void> {
  const { channels, content } = said(chance);
  const zone = chance.pick(["Europe/Berlin", "Asia/Shanghai", "America/New_York"]);
  const input = { hour: chance.between(6, 20), zone, channels, content, enabled: chance.happens(0.9) };
  const answer = await insist(world, () => world.admin.does("setHotGoodsPlan", input, "HotGoodsPlan { __typename }"));
  tell(world, `the admin has goods told at ${input.hour} in ${zone}`, answer);
}

function personaOf(chance: Chance): object {
  return chance.pick([
    { level: { gte: "0" } },
    { level: { gte: String(chance.between(1, 3)) } },
    { sample: { percent: chance.between(20, 80), seed: "goods" } },
  ]);
}
