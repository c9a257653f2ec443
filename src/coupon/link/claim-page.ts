import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRefusal, type Refusal } from "../../errors.ts";
import type { Language } from "../../language.ts";
import { preferredLanguage } from "../../web/language.ts";
import { pageResponse } from "../../web/page.ts";
import { claimCoupon } from "../claim/claim.ts";
import type { Coupon, CouponTemplate } from "../table.ts";
import { templateToClaim } from "../template/template-to-claim.ts";
import { type ClaimLink, readClaimLink } from "./claim-link.ts";
import { type ClaimNews, claimWords, newsOf, statusOf } from "./claim-words.ts";

/**
 * Answers `/c/<token>`. GET and HEAD never claim, for mail scanners follow links: they lead to the template's own
 * address, with the token as its parameter `claim`, or show a page with a button. POST claims for the member whom the
 * token names, once, however often.
 */
export async function claimPage(ctx: Context, token: string, request: Request): Promise<Response> {
  const language = preferredLanguage(request.headers.get("accept-language"));
  const link = readClaimLink(ctx, token);
  const template = link && (await templateToClaim(ctx, link.template));
  if (!link || template?.issueMode !== "SELF_CLAIM" || template.state === "DRAFT") return tell(ctx, language, "bad");
  if (link.until <= ctx.clock()) return tell(ctx, language, "expired", template);
  switch (request.method) {
    case "GET":
    case "HEAD":
      return onward(template, token) ?? tell(ctx, language, "ask", template);
    case "POST":
      return claim(ctx, { language, token, link, template });
    default:
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD, POST" } });
  }
}

/** To the shop's own page, where there is one. */
function onward({ activeUrl }: CouponTemplate, token: string): Response | undefined {
  const target = activeUrl === null ? null : URL.parse(activeUrl);
  if (!target || !/^https?:$/.test(target.protocol)) return undefined;
  target.searchParams.set("claim", token);
  const headers = { location: target.href, "cache-control": "no-store", "referrer-policy": "no-referrer" };
  return new Response(null, { status: 302, headers });
}

interface Claim {
  readonly language: Language;
  readonly token: string;
  readonly link: ClaimLink;
  readonly template: CouponTemplate;
}

async function claim(ctx: Context, { language, token, link, template }: Claim): Promise<Response> {
  const member = await ctx.db.first<{ seq: number; id: string }>(sql`
    SELECT seq, id FROM member WHERE seq = ${link.member} AND deleted_at IS NULL`);
  if (!member) return tell(ctx, language, "bad");
  const actor = { kind: "member", ...member } as const;
  const answer = await claimCoupon({ ...ctx, actor }, { template: link.template, idempotencyKey: `link/${token}` });
  return isRefusal(answer)
    ? tell(ctx, language, newsOf(answer), template, answer)
    : tell(ctx, language, "claimed", template, answer);
}

function tell(
  ctx: Context,
  language: Language,
  news: ClaimNews,
  template?: CouponTemplate,
  answer?: Coupon | Refusal,
): Response {
  const opensAt = template?.opensAt ?? null;
  const time = opensAt === null ? "" : inWords(ctx, language, opensAt);
  const words = claimWords(language, news, { name: template?.name ?? "", time });
  const code = answer && !isRefusal(answer) ? (answer.code ?? undefined) : undefined;
  const isStatus = news !== "ask" && news !== "bad";
  return pageResponse({
    language,
    shop: ctx.settings.shopName,
    words: { ...words, code },
    status: statusOf(news),
    isStatus,
  });
}

function inWords({ settings }: Context, language: Language, at: number): string {
  const format = { dateStyle: "long", timeStyle: "short", timeZone: settings.shopTimeZone } as const;
  return new Intl.DateTimeFormat(language, format).format(at);
}
