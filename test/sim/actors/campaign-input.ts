import type { Chance } from "../kernel/chance.ts";
import type { World } from "../world/world.ts";
import { given } from "./campaigners.ts";

const channels = ["EMAIL", "SMS", "PUSH", "IN_APP", "POPUP"] as const;
export type Channel = (typeof channels)[number];

/** What campaigns are about. */
export const topics = ["promotions", "news"] as const;

/** What a message says on each channel. */
export const partsOf: Readonly<Record<Channel, (n: string) => object>> = {
  EMAIL: (n) => ({
    email: {
      subject: `News ${n}`,
      html: `<p>Dear {{ member.externalId }}, <a href="https://shop.example/${n}">see</a></p>`,
    },
  }),
  SMS: (n) => ({ sms: { text: `News ${n}` } }),
  PUSH: (n) => ({ push: { title: `News ${n}`, body: "Have a look" } }),
  IN_APP: (n) => ({ inApp: { title: `News ${n}`, body: "Have a look" } }),
  POPUP: (n) => ({ popup: { title: `News ${n}`, body: "Have a look" } }),
};

const minuteMs = 60_000;

/** Any campaign that an operator may write down. */
export function campaignInput(world: World, chance: Chance) {
  const n = chance.hex(4);
  const some = channels.filter(() => chance.happens(0.45));
  const used = some.length > 0 ? some : [chance.pick(channels)];
  const startsAt = chance.happens(0.3) ? world.now() + chance.between(1, 360) * minuteMs : undefined;
  const endsAt = chance.happens(0.3) ? (startsAt ?? world.now()) + chance.pick([5, 60, 600]) * minuteMs : undefined;
  const templates = world.known(given);
  const gives = templates.length > 0 && chance.happens(0.25);
  return {
    kind: gives ? "COUPON_ISSUE" : "ANNOUNCEMENT",
    name: `Campaign ${n}`,
    channels: used,
    content: used.map((channel) => ({ parts: partsOf[channel](n) })),
    audience: audienceOf(chance, n),
    topic: chance.pick(topics),
    reach: chance.pick(["EACH", "EACH", "FIRST_REACHABLE"]),
    transactional: chance.happens(0.15),
    ...(gives ? { couponTemplateId: chance.pick(templates) } : {}),
    ...(startsAt === undefined ? {} : { startsAt: new Date(startsAt).toISOString() }),
    ...(startsAt !== undefined && chance.happens(0.3)
      ? { localTime: { passed: chance.pick(["NOW", "NEXT_DAY", "SKIP"]) } }
      : {}),
    ...(endsAt === undefined ? {} : { endsAt: new Date(endsAt).toISOString() }),
  };
}

function audienceOf(chance: Chance, seed: string): object {
  switch (chance.between(0, 4)) {
    case 0:
      return { filter: { level: { gte: String(chance.between(0, 3)) } } };
    case 1:
      return { filter: { sample: { percent: 50, seed } } };
    case 2:
      return { filter: { and: [{ level: { lte: "2" } }, { not: { level: { eq: "0" } } }] } };
    default:
      return { everyone: true };
  }
}
