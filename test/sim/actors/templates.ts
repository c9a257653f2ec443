import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import { expectNoErrors, named, told } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { draftBy } from "./drafts.ts";
import { type OfferedTemplate, offered } from "./offered.ts";

/** Makes a template and puts it in offer; of the two calls either may be lost. */
export async function offer(world: World, draft: ReturnType<typeof draftBy>): Promise<OfferedTemplate | undefined> {
  const made = await world.admin.does("createCouponTemplate", draft, "CouponTemplate { id }");
  const { issueMode, codeMode, stock, budget, perMember } = draft;
  const kind = `${issueMode} ${codeMode}, stock ${stock}, budget ${budget}, ${perMember} each`;
  world.story.say(`an operator makes a template (${kind}): ${told(made)}`);
  expectNoErrors("createCouponTemplate", made);
  return made.kind === "data" ? activate(world, made.data.id, draft) : undefined;
}

async function activate(world: World, id: string, { stock, perMember, issueMode, codeMode, budget }: Terms) {
  const live = await world.admin.does("activateCouponTemplate", { templateId: id }, "CouponTemplate { id state }");
  world.story.say(`an operator offers ${named(id)}: ${told(live)}`);
  expectNoErrors("activateCouponTemplate", live);
  if (live.kind === "refused") return undefined;
  const template: OfferedTemplate = {
    id,
    perMember,
    issueMode,
    stock: stock === null ? null : Number(stock),
    isPooled: codeMode === "POOL",
    hasBudget: budget !== null,
    pools: [],
    mayBeOver: false,
  };
  world.known(offered).push(template);
  return template;
}

type Terms = Pick<ReturnType<typeof draftBy>, "stock" | "perMember" | "issueMode" | "codeMode" | "budget">;

function some(world: World, chance: Chance, which: (template: OfferedTemplate) => boolean = () => true) {
  const templates = world.known(offered).filter(which);
  return templates.length > 0 ? chance.pick(templates) : undefined;
}

/** Operators who offer coupons, and change their minds. */
export const templates: Actor = {
  name: "templates",
  async found(world, chance) {
    const open = { issueMode: "SELF_CLAIM", codeMode: "NONE", stock: "20", opensAt: undefined } as const;
    await offer(world, { ...draftBy(chance, world.now()), ...open });
    await offer(world, { ...draftBy(chance, world.now()), ...open, issueMode: "SYSTEM" });
    for (let n = 0; n < 3; n++) await offer(world, draftBy(chance, world.now()));
  },
  deeds: {
    offer: {
      weight: 4,
      do: async (world, chance) => void (await offer(world, draftBy(chance, world.now()))),
    },
    change: {
      weight: 4,
      async do(world, chance) {
        const template = some(world, chance, ({ isPooled }) => !isPooled);
        if (!template) return;
        const input = { templateId: template.id, idempotencyKey: chance.pick([undefined, `c${chance.hex(3)}`]) };
        const isStock = chance.happens(0.6);
        const to = isStock
          ? { stock: chance.pick(["1", "5", "10", "40", "80", null]) }
          : { budget: chance.pick(["1000", "9000", "60000", null]) };
        const verb = isStock ? "changeCouponStock" : "changeCouponBudget";
        const answer = await world.admin.does(verb, { ...input, ...to }, "CouponTemplate { id }");
        world.story.say(`an operator sets ${JSON.stringify(to)} of ${named(template.id)}: ${told(answer)}`);
        expectNoErrors(verb, answer);
      },
    },
    close: {
      weight: 1,
      async do(world, chance) {
        const template = some(world, chance);
        if (!template) return;
        template.mayBeOver = true;
        const takeBack = chance.happens(0.4);
        const input = { templateId: template.id };
        const answer = takeBack
          ? await world.admin.does("withdrawCouponTemplate", { ...input, takeBack })
          : await world.admin.does("endCouponTemplate", input);
        world.story.say(`an operator ${takeBack ? "takes back" : "ends"} ${named(template.id)}: ${told(answer)}`);
        expectNoErrors("closing", answer);
      },
    },
    duplicate: {
      weight: 1,
      async do(world, chance) {
        const template = some(world, chance, ({ isPooled }) => !isPooled);
        if (!template) return;
        const input = { templateId: template.id, idempotencyKey: `d${chance.hex(4)}` };
        const fields = "CouponTemplate { id stock perMember issueMode codeMode budget { amount } }";
        const answer = await world.admin.does("duplicateCouponTemplate", input, fields);
        world.story.say(`an operator makes another ${named(template.id)}: ${told(answer)}`);
        expectNoErrors("duplicateCouponTemplate", answer);
        if (answer.kind === "data") await activate(world, answer.data.id, answer.data);
      },
    },
  },
};
