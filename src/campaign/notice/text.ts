import type { ChannelName } from "../../channels/catalog.ts";
import type { NoticeKind } from "../../coupon/reminder/policy.ts";
import type { Content } from "../content/content.ts";
import { literal, messageParts } from "../content/message-parts.ts";

/** What the usual texts say of. */
export interface NoticeFacts {
  readonly kind: NoticeKind;
  /** When the drop opens, or the last of the coupons expires, ms. */
  readonly at: number;
  /** How long before members are told, ms. */
  readonly lead: number;
  /** The zone in which moments are told, IANA. */
  readonly timeZone: string;
  /** The shop's page about it. */
  readonly activeUrl: string | null;
}

/** The name of the campaign is the template's, so that operators' own texts can say it, too. */
const name = "{{ campaign.name }}";

interface Words {
  readonly title: string;
  readonly text: string;
}

const words: Readonly<Record<"default" | "zh", Readonly<Record<NoticeKind, (facts: NoticeFacts) => Words>>>> = {
  default: {
    DROP: (facts) => ({
      title: `${name} opens soon`,
      text: `You asked to be told: it opens on ${inWords(facts, "en-GB")}.`,
    }),
    EXPIRY: (facts) => ({
      title: `${name} expires soon`,
      text: `Your coupon can be used for less than ${hours(facts)} hours.`,
    }),
  },
  zh: {
    DROP: (facts) => ({ title: `${name} 即将开始`, text: `您设置的提醒：${inWords(facts, "zh-CN")} 开始领取。` }),
    EXPIRY: (facts) => ({ title: `${name} 即将过期`, text: `您的优惠券将在 ${hours(facts)} 小时内过期，请尽快使用。` }),
  },
};

/** What members are told unless the shop says otherwise, on every channel, in English and Chinese. */
export function usualContent(channels: readonly ChannelName[], facts: NoticeFacts): Content {
  const url = facts.activeUrl === null ? undefined : literal(facts.activeUrl);
  const link = facts.activeUrl === null ? "" : ` <a href="${literal(Bun.escapeHTML(facts.activeUrl))}">${name}</a>`;
  const say = (locale: keyof typeof words) => {
    const { title, text } = words[locale][facts.kind](facts);
    return { title, text, html: `${Bun.escapeHTML(text)}${link}`, url };
  };
  const parts = (channel: ChannelName) => ({
    default: messageParts(channel, say("default")),
    zh: messageParts(channel, say("zh")),
  });
  return Object.fromEntries(channels.map((channel) => [channel, parts(channel)]));
}

function hours({ lead }: NoticeFacts): number {
  return Math.ceil(lead / 3_600_000);
}

function inWords({ at, timeZone }: NoticeFacts, locale: string): string {
  const format = { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" } as const;
  return new Intl.DateTimeFormat(locale, { ...format, timeZone }).format(at);
}
