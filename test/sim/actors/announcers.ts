import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import { pause, rowOf } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { moved } from "./campaigners.ts";
import { insist, somebody, tell } from "./staff.ts";

interface Listed {
  readonly id: string;
  readonly enabled: boolean;
  readonly review: { readonly version: string } | null;
}

/** Operators who make promotions, announce them, change what they promise, and take them back. */
export const announcers: Actor = {
  name: "announcers",
  deeds: {
    make: {
      weight: 3,
      async do(world, chance) {
        const who = somebody(world, chance);
        const input = {
          name: `Promotion ${chance.hex(4)}`,
          currency: "EUR",
          rule: ruleOf(chance),
          enabled: chance.happens(0.75),
          idempotencyKey: chance.hex(8),
          announcement: { channels: chance.pick([["EMAIL"], ["IN_APP", "EMAIL"], ["PUSH", "SMS"], ["POPUP"]]) },
          ...(chance.happens(0.6) ? { startsAt: later(world, chance) } : {}),
        };
        const ask = () => who.caller.does("createPromotion", input, "Promotion { id }");
        const made = await insist(world, ask);
        tell(world, `${who.name} makes a promotion`, made);
        if (made.kind === "data" && input.startsAt && chance.happens(0.7)) await rethink(world, chance, made.data.id);
      },
    },
    enable: about(3, "enablePromotion", "EnabledPromotion { promotion { id } }", (chance) => ({
      announce: chance.pick(["EVERYONE", "UNREACHED", "NO"]),
      idempotencyKey: chance.hex(8),
    })),
    disable: about(3, "disablePromotion", "DisabledPromotion { promotion { id } }", (chance) => ({
      announcements: chance.pick(["STOP", "STOP", "KEEP"]),
    })),
    edit: about(4, "updatePromotion", "Promotion { id }", (chance, world) => ({
      ...(chance.happens(0.6) ? { rule: ruleOf(chance) } : { name: `Promotion ${chance.hex(4)}` }),
      ...(chance.happens(0.3) ? { startsAt: later(world, chance) } : {}),
      ...(chance.happens(0.3) ? { announce: "UNREACHED" } : {}),
    })),
    approve: about(5, "approvePromotion", "EnabledPromotion { promotion { id } }", (_chance, _world, { review }) =>
      review ? { version: review.version } : undefined,
    ),
    reject: about(1, "rejectPromotion", "Promotion { id }", (_chance, _world, { review }) => (review ? {} : undefined)),
  },
};

/** Before it begins somebody has a better name for it, or another time. */
async function rethink(world: World, chance: Chance, promotionId: string): Promise<void> {
  await pause(world, chance.pick([0, 2_000, 20_000]));
  const who = somebody(world, chance);
  const said = chance.happens(0.6) ? { name: `Promotion ${chance.hex(4)}` } : { startsAt: later(world, chance) };
  const ask = () => who.caller.does("updatePromotion", { promotionId, ...said }, "Promotion { id }");
  const done = await moved(world, `promotion/${rowOf(promotionId)}`, "updatePromotion", ask, true);
  tell(world, `${who.name} thinks better of ${atob(promotionId)}: ${Object.keys(said)}`, done);
}

/** A verb about some promotion, where there is anything to say. */
function about(
  weight: number,
  verb: string,
  fields: string,
  more: (chance: Chance, world: World, promotion: Listed) => object | undefined,
) {
  return {
    weight,
    async do(world: World, chance: Chance) {
      const who = somebody(world, chance);
      const answer = await who.caller.ask("{ promotions(first: 50) { nodes { id enabled review { version } } } }");
      if (answer.kind !== "data") return;
      const fit = (answer.data.promotions.nodes as readonly Listed[]).flatMap((each) => {
        const input = more(chance, world, each);
        return input ? [{ promotionId: each.id, ...input }] : [];
      });
      if (fit.length === 0) return;
      const input = chance.pick(fit);
      const subject = `promotion/${atob(input.promotionId).split(":")[1]}`;
      const said = verb === "disablePromotion" && "announcements" in input ? `${verb} ${input.announcements}` : verb;
      const done = await moved(world, subject, said, () => who.caller.does(verb, input, fields), true);
      tell(world, `${who.name}: ${verb} ${atob(input.promotionId)}`, done);
    },
  };
}

function ruleOf(chance: Chance): object {
  return { fullReduction: [{ spend: "20000", off: String(chance.between(5, 40) * 100) }] };
}

function later(world: World, chance: Chance): string {
  return new Date(world.now() + chance.between(1, 300) * 60_000).toISOString();
}
