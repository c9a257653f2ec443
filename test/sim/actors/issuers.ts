import type { Actor } from "../actor.ts";
import { expectNoErrors, named, pause, told } from "../world/told.ts";
import { hear } from "./claimants.ts";
import { someMember } from "./members.ts";
import { offered } from "./offered.ts";
import { mayBeTaken, promised } from "./promises.ts";

/** The shop's service, which gives coupons to single members and takes them back. */
export const issuers: Actor = {
  name: "issuers",
  deeds: {
    issue: {
      weight: 8,
      async do(world, chance) {
        const templates = world.known(offered).filter(({ issueMode }) => issueMode === "SYSTEM");
        if (templates.length === 0) return;
        const { id: templateId } = chance.pick(templates);
        const externalId = someMember(world, chance.pick);
        const idempotencyKey = `i${chance.between(1, 40)}`;
        const quantity = chance.pick([undefined, undefined, 2]);
        const input = { templateId, externalId, idempotencyKey, quantity, source: "person/1" };
        const from = world.engine.elapsed;
        const ask = () => world.admin.does("issueCoupon", input, "Coupon { id }");
        let answer = await ask();
        world.story.say(
          `${externalId} is issued ${quantity ?? 1} of ${named(templateId)} by ${idempotencyKey}: ${told(answer)}`,
        );
        if (answer.kind === "lost") {
          await pause(world, chance.pick([0, 5_000]));
          answer = await ask();
          world.story.say(`the issue ${idempotencyKey} is asked for again: ${told(answer)}`);
        }
        const asked = `issue/${idempotencyKey}/${externalId}/${named(templateId)}/${quantity}`;
        // Fewer than were asked for may be left: that is no word on a single one.
        if (answer.kind === "refused" && quantity !== undefined) return;
        hear(world, answer, { externalId, templateId, asked, from });
      },
    },
    take: {
      weight: 2,
      async do(world, chance) {
        const given = world.known(promised);
        if (given.length === 0) return;
        const { couponId, externalId } = chance.pick(given);
        world.known(mayBeTaken).add(couponId);
        const answer = await world.admin.does(
          "withdrawCoupon",
          { couponId, reason: "a mistake" },
          "Coupon { id state }",
        );
        world.story.say(`an operator takes ${named(couponId)} from ${externalId}: ${told(answer)}`);
        expectNoErrors("withdrawCoupon", answer);
      },
    },
  },
};
