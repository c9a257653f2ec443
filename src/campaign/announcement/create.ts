import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { createPromotion, findPromotion, type NewPromotion } from "../../promotion/promotion.ts";
import { newShop } from "../../shop.ts";
import { type Plan, planFor } from "./announce.ts";
import { type EnableInput, enable } from "./enable.ts";

export interface CreateInput extends Omit<EnableInput, "id"> {
  readonly draft: NewPromotion;
  /** Whether it is enabled, too, and announced unless `announce` says otherwise; false unless said. */
  readonly enabled?: boolean | undefined;
}

/**
 * Writes a promotion down and, where that is asked for, enables and announces it in the same transaction, as
 * `enablePromotion` does. Above the approval size it is there and waits for a second person.
 */
export function createAndEnable(ctx: Context, { idempotencyKey, ...input }: CreateInput) {
  const { draft, enabled = false, announce = "EVERYONE", announcement } = input;
  let plan: Plan | undefined;
  return once(ctx, {
    key: idempotencyKey,
    input: { create: input },
    check: async () => {
      if (!enabled || announce === "NO") return undefined;
      // What is wrong with the draft is said with everything else that is.
      const shop = newShop(ctx, draft.shop);
      if (isRefusal(shop)) return undefined;
      const planned = await planFor(ctx, { id: 0, shop, audience: draft.audience }, "EVERYONE");
      if (!isRefusal(planned)) plan = planned;
      return isRefusal(planned) && planned.code !== "INVALID_INPUT" ? planned : undefined;
    },
    work: async (tx) => {
      const made = await createPromotion(tx, draft);
      if (isRefusal(made) || !enabled) return made;
      const whom = announce === "NO" ? announce : "EVERYONE";
      const done = await enable(tx, { id: made.id, announce: whom, announcement }, plan);
      if (isRefusal(done)) return done;
      return (await findPromotion(tx, made.id)) ?? made;
    },
  });
}
