import type { Actor } from "../actor.ts";
import { someMember } from "./members.ts";

export interface OfferedTemplate {
  readonly id: string;
  readonly stock: number | null;
  readonly perMember: number;
}

/** What an answer said that must stay true. */
export interface ClaimPromise {
  readonly couponId: string;
  readonly externalId: string;
  readonly templateId: string;
}

export const offered = (): OfferedTemplate[] => [];
export const promised = (): ClaimPromise[] => [];

/** Members who claim coupons, again and again, and the operator who offers them. */
export const claimants: Actor = {
  name: "claimants",
  deeds: {
    offer: {
      weight: 3,
      async do(world, chance) {
        const stock = chance.pick([null, 3, 20, 60]);
        const perMember = chance.between(1, 2);
        const input = {
          name: `Off ${chance.hex(4)}`,
          currency: "EUR",
          discount: { instant: { off: "1000" } },
          stock: stock === null ? null : String(stock),
          perMember,
        };
        const made = await world.admin.does("createCouponTemplate", input, "CouponTemplate { id }");
        world.story.say(`a template of ${stock} is made: ${JSON.stringify(made)}`);
        if (made.kind !== "data") return;
        const templateId: string = made.data.id;
        const live = await world.admin.does("activateCouponTemplate", { templateId }, "CouponTemplate { id state }");
        world.story.say(`it is offered: ${JSON.stringify(live)}`);
        if (live.kind === "data") world.known(offered).push({ id: templateId, stock, perMember });
      },
    },
    claim: {
      weight: 40,
      async do(world, chance) {
        const templates = world.known(offered);
        if (templates.length === 0) return;
        const externalId = someMember(world, chance.pick);
        const { id: templateId } = chance.pick(templates);
        const idempotencyKey = `k${chance.between(1, 3)}`;
        const input = { templateId, idempotencyKey };
        const answer = await world.member(externalId).does("claimCoupon", input, "Coupon { id }");
        world.story.say(`${externalId} claims of ${templateId} by ${idempotencyKey}: ${JSON.stringify(answer)}`);
        if (answer.kind === "data") world.known(promised).push({ couponId: answer.data.id, externalId, templateId });
        if (answer.kind === "errors") throw new Error(answer.message);
      },
    },
  },
};
