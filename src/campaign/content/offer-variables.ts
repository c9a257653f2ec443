import { Moment } from "../../moment.ts";
import type { Variables } from "./variables.ts";

const place = { locale: "en", timeZone: "Europe/Berlin" } as const;
const moment = (month: number, day: number, hour: number, minute: number) =>
  new Moment(Date.UTC(2026, month - 1, day, hour, minute), place);
/** How a moment is written in another form; by itself it is words in the reader's language and zone. */
const usageOf = (name: string) => `{{ ${name} }}, or {{ ${name} | date: "%d.%m.%Y %H:%M" }}`;
const none = "; empty where there is none";

/** What every message about a coupon may say. */
export const couponVariables = {
  "coupon.name": { about: "What the coupon is called.", example: "Ten off" },
  "coupon.worth": { about: "What it is worth, in words.", example: "€30 off from €200" },
  "coupon.off": { about: "What it takes off, as a figure alone.", example: "€30" },
  "coupon.threshold": { about: `What one must spend to use it, as a figure alone${none}.`, example: "€200" },
  "coupon.conditions": { about: `For which goods it is, in words${none}.`, example: "not for categories sale" },
  "coupon.link": { about: `The shop's page about it${none}.`, example: "https://shop.example/ten-off" },
  "coupon.validFrom": {
    about: `From when it can be used${none}.`,
    example: moment(12, 1, 8, 0),
    usage: usageOf("coupon.validFrom"),
  },
  "coupon.validUntil": {
    about: `Until when it can be used; of one that the member holds, that very coupon's end${none}.`,
    example: moment(12, 31, 22, 59),
    usage: usageOf("coupon.validUntil"),
  },
  "coupon.validity": {
    about:
      "From when, where a time is set for that, until when in words, or how long from when the member gets it; empty " +
      "where it has neither.",
    example: "until December 31, 2026 at 11:59 PM GMT+1",
  },
} as const satisfies Variables;

/** Of a coupon that the member holds. */
export const heldVariables = {
  ...couponVariables,
  "coupon.code": { about: `The member's code${none}.`, example: "SPRING-7ZP4Q1M9XK2VB3" },
} as const satisfies Variables;

/** Of a coupon that the member may claim. */
export const claimableVariables = {
  ...couponVariables,
  "coupon.claimUrl": {
    about: "The member's own link, by which it is claimed without signing in.",
    example: "https://shop.example/c/1-4fx-hwg20-8d0e1f",
  },
  "coupon.opensAt": {
    about: `From when it can be claimed${none}.`,
    example: moment(12, 1, 8, 0),
    usage: usageOf("coupon.opensAt"),
  },
  "coupon.closesAt": {
    about: `Until when it can be claimed${none}.`,
    example: moment(12, 24, 22, 59),
    usage: usageOf("coupon.closesAt"),
  },
  "coupon.remaining": {
    about: "How many are left when the message is made; empty where there is no end of them.",
    example: "1,000",
  },
} as const satisfies Variables;

/** What the announcement of a promotion may say. */
export const promotionVariables = {
  "promotion.name": { about: "What the promotion is called.", example: "Advent" },
  "promotion.remark": { about: `What the shop says of it${none}.`, example: "Only in the app." },
  "promotion.tiers": {
    about: "All that it gives, in words.",
    example: "€30 off from €200; €80 off from €500",
  },
  "promotion.worth": { about: "The most that it gives, in words.", example: "up to €80 off" },
  "promotion.conditions": { about: `For which goods it is, in words${none}.`, example: "for categories tea" },
  "promotion.window": {
    about: "From when until when, in words.",
    example: "from December 1, 2026 at 9:00 AM until December 31, 2026 at 11:59 PM GMT+1",
  },
  "promotion.startsAt": {
    about: "When it begins.",
    example: moment(12, 1, 8, 0),
    usage: usageOf("promotion.startsAt"),
  },
  "promotion.endsAt": {
    about: `When it ends${none}.`,
    example: moment(12, 31, 22, 59),
    usage: usageOf("promotion.endsAt"),
  },
  "promotion.link": { about: `Where it leads${none}.`, example: "https://shop.example/advent" },
  "promotion.steps": {
    about: "What it gives, step by step, as figures alone: threshold, off, gift (a coupon's name), points.",
    example: [
      { threshold: "€200", off: "€30", gift: "", points: "" },
      { threshold: "€500", off: "€80", gift: "", points: "" },
    ],
    usage:
      "{% for step in promotion.steps %}{{ step.threshold }}: {{ step.off }}" +
      "{% unless forloop.last %}, {% endunless %}{% endfor %}",
  },
} as const satisfies Variables;
