import { sql } from "drizzle-orm";
import type { Context, MemberContext } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { languageOf } from "../../language.ts";
import { momentText, type Place } from "../../moment.ts";
import { preferredLanguage } from "../../web/language.ts";
import { pageResponse } from "../../web/page.ts";
import { couponsHeld } from "../claim/coupons-held.ts";
import { couponsById } from "../coupon.ts";
import { stateNow } from "../state-now.ts";
import type { Coupon, CouponTemplate } from "../table.ts";
import { templateToClaim } from "../template/template-to-claim.ts";
import { claimByLink, couponOfLink } from "./claim-by-link.ts";
import { type ClaimLink, readClaimLink } from "./claim-link.ts";
import { type ClaimNews, claimWords, factsOf, newsOf, statusOf } from "./claim-words.ts";

/**
 * Answers `/c/<token>`. GET and HEAD never claim, for mail scanners follow links: they lead to the template's own
 * address, with the token as its parameter `claim`, or show what the coupon is worth and a button, or that it is there
 * already. POST claims for the member whom the token names, once, however often.
 */
export async function claimPage(ctx: Context, token: string, request: Request): Promise<Response> {
  const locale = preferredLanguage(request.headers.get("accept-language"));
  const link = readClaimLink(ctx, token);
  const template = link && (await templateToClaim(ctx, link.template));
  const member = link && (await acting(ctx, link.member));
  if (!link || !member || template?.issueMode !== "SELF_CLAIM" || template.state === "DRAFT")
    return tell(ctx, { locale, timeZone: ctx.settings.shopTimeZone }, { news: "bad" });
  const place = { locale, timeZone: member.actor.timeZone ?? ctx.settings.shopTimeZone };
  const claim = { place, token, link, template };
  switch (request.method) {
    case "GET":
    case "HEAD":
      return show(ctx, claim);
    case "POST":
      return post(member, claim);
    default:
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD, POST" } });
  }
}

interface Claim {
  /** In the reader's language, by the clock of the member whom the link names. */
  readonly place: Place;
  readonly token: string;
  readonly link: ClaimLink;
  readonly template: CouponTemplate;
}

async function acting(ctx: Context, seq: number): Promise<MemberContext | undefined> {
  const member = await ctx.db.first<{ seq: number; id: string; timeZone: string | null }>(sql`
    SELECT seq, id, time_zone AS timeZone FROM member WHERE seq = ${seq} AND deleted_at IS NULL`);
  return member && { ...ctx, actor: { kind: "member", ...member } };
}

async function show(ctx: Context, { place, token, link, template }: Claim): Promise<Response> {
  const isOver = link.until <= ctx.clock();
  const elsewhere = isOver ? undefined : onward(template, token);
  if (elsewhere) return elsewhere;
  const coupon = await alreadyHeld(ctx, link, token, template);
  if (!coupon) return tell(ctx, place, { news: isOver ? "expired" : "ask", template });
  const state = stateNow(coupon, ctx.clock());
  return tell(ctx, place, { news: state === "AVAILABLE" || state === "LOCKED" ? "held" : "had", template, coupon });
}

/** What the link has given, or what keeps it from giving one more. */
async function alreadyHeld(ctx: Context, link: ClaimLink, token: string, { id, perMember }: CouponTemplate) {
  const given = await couponOfLink(ctx, link, token);
  if (given) return given;
  const held = await couponsHeld(ctx, { member: link.member, template: id });
  return held.length < perMember ? undefined : (await couponsById(ctx, held.slice(-1)))[0];
}

/** To the shop's own page, where there is one. */
function onward({ activeUrl }: CouponTemplate, token: string): Response | undefined {
  const target = activeUrl === null ? null : URL.parse(activeUrl);
  if (!target || !/^https?:$/.test(target.protocol)) return undefined;
  target.searchParams.set("claim", token);
  const headers = { location: target.href, "cache-control": "no-store", "referrer-policy": "no-referrer" };
  return new Response(null, { status: 302, headers });
}

async function post(ctx: MemberContext, { place, token, link, template }: Claim): Promise<Response> {
  const answer = await claimByLink(ctx, { token });
  if (!isRefusal(answer)) return tell(ctx, place, { news: "claimed", template, coupon: answer });
  return tell(ctx, place, { news: link.until <= ctx.clock() ? "expired" : newsOf(answer), template });
}

interface Told {
  readonly news: ClaimNews;
  readonly template?: CouponTemplate;
  readonly coupon?: Coupon;
}

function tell(ctx: Context, place: Place, { news, template, coupon }: Told): Response {
  const opensAt = template?.opensAt ?? null;
  const time = opensAt === null ? "" : momentText(opensAt, place);
  const words = claimWords(languageOf(place.locale), news, { name: template?.name ?? "", time });
  const facts = template && (news === "ask" || coupon) ? factsOf(ctx, place, template, coupon) : [];
  return pageResponse({
    language: languageOf(place.locale),
    shop: ctx.settings.shopName,
    words: { ...words, facts, code: coupon && news !== "had" ? (coupon.code ?? undefined) : undefined },
    status: statusOf(news),
    isStatus: news !== "ask" && news !== "bad",
  });
}
