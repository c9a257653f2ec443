import type { Actor } from "../actor.ts";
import { expectNoErrors, named, pause, told } from "../world/told.ts";
import { offered } from "./offered.ts";

const promotionsKnown = (): string[] => [];

/** Operators who promise everyone something for a while: less to pay, or coupons and points for an order. */
export const promoters: Actor = {
  name: "promoters",
  deeds: {
    promise: {
      weight: 3,
      async do(world, chance) {
        const gifts = world.known(offered).filter(({ issueMode }) => issueMode !== "CODE");
        const gift = gifts.length > 0 ? chance.pick(gifts).id : undefined;
        const tiers = (spend: string) => (gift ? [{ spend, couponTemplateId: gift }] : []);
        const rule = chance.pick([
          ...(gift ? [{ coupon: tiers("1000") }, { coupon: tiers("3000") }] : []),
          { points: [{ spend: "2000", points: 20 }] },
          { fullReduction: [{ spend: "3000", off: "300" }] },
        ]);
        const lasts = chance.pick([2, 20]) * 3_600_000;
        const input = {
          name: `Promise ${chance.hex(4)}`,
          currency: "EUR",
          rule,
          enabled: true,
          announce: "NO",
          endsAt: new Date(world.now() + lasts).toISOString(),
          idempotencyKey: `promise ${chance.hex(6)}`,
        };
        const ask = () => world.admin.does("createPromotion", input, "Promotion { id }");
        let answer = await ask();
        world.story.say(`an operator promises ${JSON.stringify(rule)}: ${told(answer)}`);
        if (answer.kind === "lost") {
          await pause(world, chance.pick([0, 5_000]));
          answer = await ask();
          world.story.say(`an operator promises it again: ${told(answer)}`);
        }
        expectNoErrors("createPromotion", answer);
        if (answer.kind === "data") world.known(promotionsKnown).push(answer.data.id);
      },
    },
    stop: {
      weight: 1,
      async do(world, chance) {
        const promotions = world.known(promotionsKnown);
        if (promotions.length === 0) return;
        const promotionId = chance.pick(promotions);
        const answer = await world.admin.does(
          "disablePromotion",
          { promotionId },
          "DisabledPromotion { promotion { id } }",
        );
        world.story.say(`an operator stops ${named(promotionId)}: ${told(answer)}`);
        expectNoErrors("disablePromotion", answer);
      },
    },
  },
};
