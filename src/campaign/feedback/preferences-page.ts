import { sql } from "drizzle-orm";
import { type ChannelName, factsOf } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { Language } from "../../language.ts";
import { anyTopic } from "../../member/consent.ts";
import { findMember, type Member } from "../../member/member.ts";
import { type Preference, preferencesOf, savePreferences } from "../../member/preferences.ts";
import { readText } from "../../web/body.ts";
import { preferredLanguage } from "../../web/language.ts";
import { type Choices, pageResponse } from "../../web/page.ts";
import { readLink } from "../content/link.ts";
import { unsubscribeResponse } from "./link-html.ts";

/** The longest form that is taken, in bytes. */
const maxBytes = 64 * 1024;

/**
 * Answers `/p/<token>`, with the token of an unsubscribe link: what its member wants to hear of, on each channel that
 * reaches her. GET shows it and changes nothing; POST writes down what was ticked, or no to all that was shown.
 */
export async function preferencesPage(ctx: Context, token: string, request: Request): Promise<Response> {
  const language = preferredLanguage(request.headers.get("accept-language"));
  const link = readLink(ctx, token);
  const member = link?.to === "unsubscribe" ? await findMember(ctx, { seq: link.member }) : undefined;
  if (link?.to !== "unsubscribe" || !member)
    return unsubscribeResponse({ language, page: "bad", shop: ctx.settings.shopName, token });
  const topics = [link.topic, ...(await topicsInUse(ctx))];
  switch (request.method) {
    case "GET":
    case "HEAD":
      return show(ctx, language, await preferencesOf(ctx, member, topics), false);
    case "POST":
      return save(ctx, { language, member, topics, linked: link.channel }, request);
    default:
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD, POST" } });
  }
}

interface Visit {
  readonly language: Language;
  readonly member: Member;
  readonly topics: readonly string[];
  readonly linked: ChannelName;
}

async function save(ctx: Context, { language, member, topics, linked }: Visit, request: Request): Promise<Response> {
  const body = await readText(request, { maxBytes, timers: ctx.timers });
  if (typeof body === "string") return new Response(null, { status: body === "too long" ? 413 : 408 });
  const form = new URLSearchParams(body.text);
  const [shown, on] = [new Set(form.getAll("shown")), new Set(form.has("none") ? [] : form.getAll("on"))];
  const before = await preferencesOf(ctx, member, topics);
  const chosen = before.filter((one) => shown.has(boxOf(one))).map((one) => ({ ...one, granted: on.has(boxOf(one)) }));
  await savePreferences(ctx, member, { before, chosen, linked });
  return show(ctx, language, await preferencesOf(ctx, member, topics), true);
}

/** What campaigns that were launched are about. */
async function topicsInUse(ctx: Context): Promise<string[]> {
  const rows = await ctx.db.all<{ topic: string }>(sql`
    SELECT DISTINCT topic FROM campaign WHERE state IN ('ACTIVE', 'PAUSED', 'ENDED') ORDER BY topic LIMIT 50`);
  return rows.map(({ topic }) => topic);
}

function show(ctx: Context, language: Language, preferences: readonly Preference[], isStatus: boolean): Response {
  const { title, ask, saved, save, none, other } = words[language];
  const groups = [...Map.groupBy(preferences, ({ channel }) => channel)].map(([channel, boxes]) => ({
    name: factsOf(channel).title[language],
    boxes: boxes.map((one) => ({
      value: boxOf(one),
      text: one.topic === anyTopic ? other : one.topic,
      on: one.granted,
    })),
  }));
  const choices: Choices = { groups, save, none };
  const shop = ctx.settings.shopName;
  return pageResponse({ language, shop, words: { title, text: isStatus ? saved : ask, choices }, isStatus });
}

function boxOf({ channel, topic }: Pick<Preference, "channel" | "topic">): string {
  return `${channel}:${topic}`;
}

const words = {
  en: {
    title: "What you hear of",
    ask: "Tick what you would like to receive.",
    saved: "This is saved. It counts for all that is not yet on its way.",
    save: "Save",
    none: "Stop all of it",
    other: "Everything else",
  },
  zh: {
    title: "消息偏好",
    ask: "请勾选您希望接收的内容。",
    saved: "已保存，对尚未发出的消息立即生效。",
    save: "保存",
    none: "全部退订",
    other: "其他消息",
  },
} as const satisfies Record<Language, unknown>;
