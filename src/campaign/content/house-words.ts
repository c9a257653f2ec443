import type { Language } from "../../language.ts";

/** What the house has texts for: a promotion, a coupon given or to be claimed, a drop or an end to be reminded of. */
export const housePurposes = ["PROMOTION", "GIVEN", "INVITED", "DROP", "EXPIRY"] as const;
export type HousePurpose = (typeof housePurposes)[number];

/** A sentence; with `when`, said only where that variable says something. Both are Liquid. */
export type Line =
  | string
  | {
      readonly when: string;
      readonly say: string;
      /** Whether it is the shop's own words, of several lines perhaps, which end as they do. */
      readonly isQuoted?: true;
    };

/** What is said of one purpose: the first line always says something. */
export interface HouseText {
  readonly title: string;
  readonly lines: readonly Line[];
  /** The variable that says where it leads, and what that is called. */
  readonly link: { readonly to: string; readonly label: string };
}

type HouseWords = Readonly<Record<HousePurpose, HouseText>> & {
  /** Between what a link or a code is called and the thing itself. */
  readonly colon: string;
  /** Between two sentences of a line. */
  readonly space: string;
  /** How a letter begins. */
  readonly hello: string;
};

const ifAny = (when: string, before: string, after: string) =>
  `{% if ${when} != blank %}${before}{{ ${when} }}${after}{% endif %}`;

const en: HouseWords = {
  colon: ": ",
  space: " ",
  hello: "Hello {{ member.name }},",
  PROMOTION: {
    title: "{{ promotion.name }}",
    lines: [
      `You get {{ promotion.tiers }}${ifAny("promotion.conditions", " (", ")")}.`,
      "Valid {{ promotion.window }}.",
      { when: "promotion.remark", say: "{{ promotion.remark }}", isQuoted: true },
    ],
    link: { to: "promotion.link", label: "See the offer" },
  },
  GIVEN: {
    title: "{{ coupon.name }} is yours",
    lines: [
      `We put a coupon into your wallet: {{ coupon.worth }}${ifAny("coupon.conditions", " (", ")")}.`,
      { when: "coupon.code", say: "Your code: {{ coupon.code }}." },
      { when: "coupon.validity", say: "It is valid {{ coupon.validity }}." },
    ],
    link: { to: "coupon.link", label: "Use it" },
  },
  INVITED: {
    title: "{{ coupon.name }} is waiting for you",
    lines: [
      `{{ coupon.worth }}${ifAny("coupon.conditions", " (", ")")}.`,
      { when: "coupon.opensAt", say: "It can be claimed from {{ coupon.opensAt }}." },
      { when: "coupon.closesAt", say: "It can be claimed until {{ coupon.closesAt }}." },
      { when: "coupon.validity", say: "It is valid {{ coupon.validity }}." },
      { when: "coupon.remaining", say: "Still available: {{ coupon.remaining }}." },
    ],
    link: { to: "coupon.claimUrl", label: "Claim it here" },
  },
  DROP: {
    title: "{{ coupon.name }} opens soon",
    lines: [
      "It can be claimed from {{ coupon.opensAt }}. You asked to be told.",
      `{{ coupon.worth }}${ifAny("coupon.conditions", " (", ")")}.`,
      { when: "coupon.remaining", say: "Available: {{ coupon.remaining }}." },
    ],
    link: { to: "coupon.claimUrl", label: "Claim it here" },
  },
  EXPIRY: {
    title: "{{ coupon.name }} expires soon",
    lines: [
      "Your coupon can be used until {{ coupon.validUntil }}.",
      `{{ coupon.worth }}${ifAny("coupon.conditions", " (", ")")}.`,
      { when: "coupon.code", say: "Your code: {{ coupon.code }}." },
    ],
    link: { to: "coupon.link", label: "Use it" },
  },
};

const zh: HouseWords = {
  colon: "：",
  space: "",
  hello: "{{ member.name }}，您好！",
  PROMOTION: {
    title: "{{ promotion.name }}",
    lines: [
      `{{ promotion.tiers }}${ifAny("promotion.conditions", "（", "）")}。`,
      "活动时间：{{ promotion.window }}。",
      { when: "promotion.remark", say: "{{ promotion.remark }}", isQuoted: true },
    ],
    link: { to: "promotion.link", label: "查看详情" },
  },
  GIVEN: {
    title: "{{ coupon.name }} 已到账",
    lines: [
      `优惠券已放入您的卡包：{{ coupon.worth }}${ifAny("coupon.conditions", "（", "）")}。`,
      { when: "coupon.code", say: "券码：{{ coupon.code }}。" },
      { when: "coupon.validity", say: "有效期：{{ coupon.validity }}。" },
    ],
    link: { to: "coupon.link", label: "去使用" },
  },
  INVITED: {
    title: "{{ coupon.name }} 待您领取",
    lines: [
      `{{ coupon.worth }}${ifAny("coupon.conditions", "（", "）")}。`,
      { when: "coupon.opensAt", say: "{{ coupon.opensAt }} 起可领取。" },
      { when: "coupon.closesAt", say: "领取截止 {{ coupon.closesAt }}。" },
      { when: "coupon.validity", say: "有效期：{{ coupon.validity }}。" },
      { when: "coupon.remaining", say: "还剩 {{ coupon.remaining }} 张。" },
    ],
    link: { to: "coupon.claimUrl", label: "立即领取" },
  },
  DROP: {
    title: "{{ coupon.name }} 即将开抢",
    lines: [
      "{{ coupon.opensAt }} 开始领取，您设置了提醒。",
      `{{ coupon.worth }}${ifAny("coupon.conditions", "（", "）")}。`,
      { when: "coupon.remaining", say: "共 {{ coupon.remaining }} 张。" },
    ],
    link: { to: "coupon.claimUrl", label: "立即领取" },
  },
  EXPIRY: {
    title: "{{ coupon.name }} 即将过期",
    lines: [
      "您的优惠券有效期至 {{ coupon.validUntil }}，请尽快使用。",
      `{{ coupon.worth }}${ifAny("coupon.conditions", "（", "）")}。`,
      { when: "coupon.code", say: "券码：{{ coupon.code }}。" },
    ],
    link: { to: "coupon.link", label: "去使用" },
  },
};

/** The house's own words. Nothing in them is special in HTML. */
export const houseWords: Readonly<Record<Language, HouseWords>> = { en, zh };
