import type { Context } from "../../context.ts";
import { toldOnce } from "../../coupon/template/told.ts";
import { type Validity, type ValidityColumns, validityOf } from "../../coupon/template/validity.ts";
import { describeValidity } from "../../coupon/template/validity-words.ts";
import type { Language } from "../../language.ts";
import { builder, type Types } from "../kit/builder.ts";
import { languageArg, toldIn } from "../kit/money.ts";

const days = "Until the end of so many days behind the one on which it is given, by the shop's clock";
const hours = "For so many hours from the moment on which it is given";

const WindowInput = builder.inputType("CouponValidityWindowInput", {
  description: "Between two times, whenever a coupon is given.",
  fields: (t) => ({
    from: t.field({ type: "DateTime", description: "From when on it can be used; at once unless given." }),
    to: t.field({
      type: "DateTime",
      description: "Until when; for ever unless given. No longer than that can coupons be had, either.",
    }),
  }),
});

export const ValidityInput = builder.inputType("CouponValidityInput", {
  description: "How long coupons are good for: exactly one of these.",
  isOneOf: true,
  fields: (t) => ({
    window: t.field({ type: WindowInput, description: "Between two times." }),
    days: t.int({ description: `${days}: 0–3,650; 0 is that day.` }),
    hours: t.int({ description: `${hours}: 1–87,600. 24 hours are no day where the clock is moved.` }),
  }),
});

/** The same in the domain's words; exactly one of them is said. */
export function validityOfInput({ window, days, hours }: typeof ValidityInput.$inferInput): Validity {
  if (window) return { window: { from: window.from ?? null, to: window.to ?? null } };
  return typeof days === "number" ? { days } : { hours: hours ?? 0 };
}

const Window = builder.objectRef<{ readonly from: number | null; readonly to: number | null }>("CouponValidityWindow");
Window.implement({
  description: "Between two times.",
  authScopes: { member: true, role: "viewer", service: "orders:write" },
  fields: (t) => ({
    from: t.expose("from", { type: "DateTime", nullable: true, description: "From when on; null: at once." }),
    to: t.expose("to", { type: "DateTime", nullable: true, description: "Until when; null: for ever." }),
  }),
});

export const ValidityType = builder.objectRef<ValidityColumns>("CouponValidity").implement({
  description: "How long coupons of a template are good for: `window`, `days` or `hours`; the others are null.",
  authScopes: { member: true, role: "viewer", service: "orders:write" },
  fields: (t) => ({
    window: t.field({
      type: Window,
      nullable: true,
      description: "Between two times, whenever one is given.",
      resolve: (template) => {
        const validity = validityOf(template);
        return "window" in validity ? validity.window : null;
      },
    }),
    days: t.exposeInt("validDays", { nullable: true, description: `${days}; 0 is that day.` }),
    hours: t.exposeInt("validHours", { nullable: true, description: `${hours}.` }),
    text: t.string({
      description:
        "The same in words: Valid until the end of the 7th day after you get it. Moments are told by the member's " +
        "own clock, of others by the shop's.",
      args: { language: t.arg.string({ description: languageArg }) },
      resolve: (template, { language }, { ctx }) => inWords(ctx, template, toldIn(ctx, language)),
    }),
  }),
});

/** By whose clock moments are told: a member's own, the shop's for all others. */
function inWords(ctx: Context, template: ValidityColumns, locale: Language): string {
  const { actor, settings } = ctx;
  const { shopTimeZone } = settings;
  const timeZone = (actor.kind === "member" ? actor.timeZone : undefined) ?? shopTimeZone;
  return toldOnce(ctx, template, `validity ${locale} ${timeZone}`, () =>
    describeValidity(template, { locale, timeZone }, shopTimeZone),
  );
}

const older = "Say `validity` instead.";

/** What said it before it had names. */
export const olderValidityFields = (t: PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">) => ({
  validFrom: t.field({
    type: "DateTime",
    deprecationReason: older,
    description: "From when on coupons can be used; at once unless given.",
  }),
  validTo: t.field({ type: "DateTime", deprecationReason: older, description: "Until when; for ever unless given." }),
  validDays: t.int({
    deprecationReason: older,
    description: "Instead: for so many times 24 hours from the claim, 1–3,650.",
  }),
});

/** A place in `validity` as those name it who say it by the fields above. */
export function placeInOlderWords(path: string, input: { readonly validDays?: unknown; readonly validTo?: unknown }) {
  if (path === "validity.hours" && input.validDays) return "validDays";
  return path === "validity.window.to" && input.validTo ? "validTo" : path;
}

/** Whole days of 24 hours, where that is what a template promises. */
export const validDaysField = {
  deprecationReason: "Ask for `validity`.",
  nullable: true,
  description: "For so many times 24 hours from the claim; null where `validity` says otherwise.",
  resolve: ({ validHours }: ValidityColumns) => (validHours === null || validHours % 24 !== 0 ? null : validHours / 24),
} as const;
