import type { Context } from "../../context.ts";
import { describeConditions, describeDiscount } from "../../discount/terms.ts";
import type { Refusal } from "../../errors.ts";
import { type Language, languageOf } from "../../language.ts";
import { endText, type Place } from "../../moment.ts";
import type { PageWords } from "../../web/page.ts";
import type { Coupon, CouponTemplate } from "../table.ts";
import { describeValidity } from "../template/validity-words.ts";
import { claimsEnd } from "../template/window.ts";

/** What a claim link's page can say. */
export type ClaimNews = "ask" | "claimed" | "held" | "had" | "bad" | "expired" | ClaimRefusal;
type ClaimRefusal = "SOLD_OUT" | "LIMIT_REACHED" | "NOT_ELIGIBLE" | "NOT_STARTED" | "ENDED" | "RATE_LIMITED" | "OTHER";

/** `{name}` is the template's, `{time}` when it opens. */
const words: Readonly<Record<Language, Readonly<Record<ClaimNews, PageWords>>>> = {
  en: {
    ask: { title: "{name}", text: "This coupon is for you. Do you want it?", button: "Get the coupon" },
    claimed: { title: "It is yours", text: "{name} is in your wallet." },
    held: { title: "You have it already", text: "{name} is in your wallet." },
    had: { title: "You had it already", text: "{name} was used, has run out or was taken back." },
    bad: {
      title: "This link does not work",
      text: "It is incomplete or was changed. Please open it again from the message, without copying it.",
    },
    expired: { title: "This link has expired", text: "It was open for a while only. Perhaps there is a new one." },
    SOLD_OUT: { title: "All gone", text: "All coupons of this kind have been given. Others were faster this time." },
    LIMIT_REACHED: { title: "You have it already", text: "You hold as many of this coupon as one person may." },
    NOT_ELIGIBLE: { title: "Not for you this time", text: "This coupon is for other members." },
    NOT_STARTED: { title: "Not yet", text: "This opens on {time}. Come back then, by the same link." },
    ENDED: { title: "This is over", text: "This coupon can no longer be had." },
    RATE_LIMITED: { title: "One moment", text: "That was a bit often. Please try again in a few seconds." },
    OTHER: { title: "That did not work", text: "You did not get the coupon. Please try again later." },
  },
  zh: {
    ask: { title: "{name}", text: "这张优惠券属于您，现在领取吗？", button: "领取优惠券" },
    claimed: { title: "领取成功", text: "{name} 已放入您的卡包。" },
    held: { title: "您已领取过", text: "{name} 已在您的卡包中。" },
    had: { title: "您曾领取过", text: "{name} 已使用、已过期或已被收回。" },
    bad: { title: "此链接无效", text: "链接不完整或已被更改。请从原消息中重新打开，不要复制。" },
    expired: { title: "此链接已过期", text: "链接仅在一段时间内有效，请留意新的消息。" },
    SOLD_OUT: { title: "已领完", text: "此优惠券已全部领完。" },
    LIMIT_REACHED: { title: "您已领取过", text: "您持有的此类优惠券已达上限。" },
    NOT_ELIGIBLE: { title: "不符合领取条件", text: "此优惠券面向其他会员。" },
    NOT_STARTED: { title: "尚未开始", text: "将于 {time} 开始，请届时通过同一链接领取。" },
    ENDED: { title: "活动已结束", text: "此优惠券已不能领取。" },
    RATE_LIMITED: { title: "请稍候", text: "操作过于频繁，请几秒后再试。" },
    OTHER: { title: "领取未成功", text: "您没有获得优惠券，请稍后再试。" },
  },
};

/** The words for what a claim link has to tell, with what stands for its places. */
export function claimWords(
  language: Language,
  news: ClaimNews,
  values: { readonly name: string; readonly time: string },
): PageWords {
  const { title, text, ...rest } = words[language][news];
  const filled = (pattern: string) => pattern.replace(/\{(name|time)\}/g, (_, key: "name" | "time") => values[key]);
  return { ...rest, title: filled(title), text: filled(text) };
}

const closes: Readonly<Record<Language, (time: string) => string>> = {
  en: (time) => `To be had until ${time}`,
  zh: (time) => `${time} 前可领取`,
};

/** What a coupon is worth, from which amount and of which goods, and until when; of one that is held, its own dates. */
export function factsOf(ctx: Context, place: Place, template: CouponTemplate, coupon?: Coupon): string[] {
  const language = languageOf(place.locale);
  const now = ctx.clock();
  const { validFrom, validTo } = coupon ?? template;
  const from = validFrom !== null && validFrom > now ? validFrom : null;
  const dates = coupon
    ? { validFrom: from, validTo, validDays: null, validHours: null }
    : { ...template, validFrom: from };
  const end = coupon || template.closesAt === null ? null : claimsEnd(template);
  return [
    describeDiscount(template, language),
    describeConditions(template, language),
    describeValidity(dates, place, ctx.settings.shopTimeZone),
    end === null ? "" : closes[language](endText(end, place)),
  ].filter((fact) => fact !== "");
}

/** The code of a refusal as the page tells of it. */
export function newsOf({ code }: Refusal): ClaimNews {
  switch (code) {
    case "SOLD_OUT":
    case "LIMIT_REACHED":
    case "NOT_ELIGIBLE":
    case "NOT_STARTED":
    case "ENDED":
    case "RATE_LIMITED":
      return code;
    case "NOT_FOUND":
      return "bad";
    default:
      return "OTHER";
  }
}

/** The status of the page, for programs that look at nothing else. */
export function statusOf(news: ClaimNews): number {
  switch (news) {
    case "ask":
    case "claimed":
    case "held":
    case "had":
      return 200;
    case "bad":
      return 404;
    case "expired":
    case "ENDED":
      return 410;
    case "RATE_LIMITED":
      return 429;
    default:
      return 409;
  }
}
