import { z } from "zod";
import type { Context } from "../../context.ts";
import { lineOf } from "../../value/plain-text.ts";
import type { Gift } from "../claim/pending-claim.ts";
import { Validity, validUntil } from "../template/validity.ts";

/** How many coupons can be given to a member at once: bounds for how long the database is busy. */
export const maxTogether = 100;

/** For what the shop gives something, by the part of it that did. */
const sources = ["trigger", "order", "campaign", "person"] as const;
const isSource = new RegExp(`^(?:${sources.join("|")})/\\S`);

/** What is said of coupons that are given to one member, besides which and to whom. */
export const GiftInput = z.object({
  idempotencyKey: z.string().min(1, "must have 1 to 200 characters").max(200, "must have 1 to 200 characters"),
  quantity: z.int().min(1).max(maxTogether).default(1),
  validity: Validity.optional(),
  source: z
    .string()
    .transform(lineOf)
    .refine((text) => text.length <= 300 && isSource.test(text), {
      error: `must begin with ${sources.map((name) => `\`${name}/\``).join(", ")} and say which, in 300 characters`,
    })
    .optional(),
});
export type GiftInput = z.output<typeof GiftInput>;

/** For what a coupon is given; an operator who gives it need not say so. */
export function sourceOfGift({ actor }: Pick<Context, "actor">, { source }: GiftInput): string {
  return source ?? (actor.kind === "operator" ? `person/${actor.name}` : "ISSUE");
}

/** What is otherwise than the template has it, for coupons that are given at a moment (ms). */
export function giftOf({ settings }: Pick<Context, "settings">, { quantity, validity }: GiftInput, at: number): Gift {
  const valid = validity && {
    from: "window" in validity ? (validity.window.from ?? at) : at,
    to: validUntil(validity, at, settings.shopTimeZone),
  };
  const isUsual = quantity === 1 && validity === undefined;
  return { of: quantity, asked: isUsual ? null : JSON.stringify([quantity, validity ?? null]), valid };
}
