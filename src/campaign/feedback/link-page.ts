import type { Context } from "../../context.ts";
import type { Language } from "../../language.ts";
import { saidByLink } from "../../member/link-consent.ts";
import { readText } from "../../web/body.ts";
import { preferredLanguage } from "../../web/language.ts";
import { readLink } from "../content/link.ts";
import { recordProgress } from "./feedback.ts";
import { unsubscribeResponse } from "./link-html.ts";

/**
 * Answers `/l/<token>`: counts the click and goes on to the link's address. A click that cannot be counted goes on all
 * the same.
 */
export async function followLink(ctx: Context, token: string, request: Request): Promise<Response> {
  const link = readLink(ctx, token);
  const target = link?.to === "url" ? URL.parse(link.url) : null;
  if (link?.to !== "url" || !target || !/^https?:$/.test(target.protocol)) {
    return badLink(ctx, preferredLanguage(request.headers.get("accept-language")));
  }
  try {
    await recordProgress(ctx, { send: link, progress: "clicked" });
  } catch (error) {
    ctx.log("warn", "click.lost", { run: link.run, error });
  }
  const headers = { location: target.href, "cache-control": "no-store", "referrer-policy": "no-referrer" };
  return new Response(null, { status: 302, headers });
}

/**
 * Answers `/u/<token>`: GET shows what would be stopped and a button, so that no mail scanner unsubscribes anyone; POST
 * stops it, whether the button sent it or a mail program in one click (RFC 8058), or takes that back (`undo`). The
 * signed token says who and what.
 */
export async function unsubscribePage(ctx: Context, token: string, request: Request): Promise<Response> {
  const language = preferredLanguage(request.headers.get("accept-language"));
  const link = readLink(ctx, token);
  if (link?.to !== "unsubscribe") return badLink(ctx, language);
  switch (request.method) {
    case "GET":
    case "HEAD":
      return unsubscribeResponse({ language, page: "ask", shop: ctx.settings.shopName, token });
    case "POST": {
      const isUndo = await undoes(ctx, request);
      await saidByLink(ctx, { ...link, granted: isUndo });
      return unsubscribeResponse({ language, page: isUndo ? "undone" : "done", shop: ctx.settings.shopName, token });
    }
    default:
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD, POST" } });
  }
}

/** Whatever else a body says, or if it never ends, it is a wish to stop. */
async function undoes(ctx: Context, request: Request): Promise<boolean> {
  const body = await readText(request, { maxBytes: 4_096, withinMs: 5_000, timers: ctx.timers });
  return typeof body === "object" && new URLSearchParams(body.text).get("undo") === "1";
}

function badLink(ctx: Context, language: Language): Response {
  return unsubscribeResponse({ language, page: "bad", shop: ctx.settings.shopName, token: "" });
}
