import type { Content } from "../campaign/content/content.ts";
import type { CampaignDraft } from "../campaign/draft/campaign.ts";
import { unfitPush } from "../campaign/push/standing.ts";
import type { Context } from "../context.ts";
import type { GoodsPush } from "./push.ts";

/** What is said of goods. */
export interface ToldGoods {
  readonly id: number;
  readonly goods: string;
  readonly name: string;
  readonly description: string;
  readonly keywords: readonly string[];
}

/** For so long a day's goods may still be told of when quiet hours are over, in milliseconds. */
const lateMs = 12 * 3_600_000;

/** The campaign that tells of a row. */
export function draftOfGoods(ctx: Context, push: GoodsPush, row: ToldGoods): CampaignDraft {
  const content = withGoods(push.content, row);
  const audience = { filter: { hotGoods: { row: row.id } } };
  return { ...push, name: row.name, content, audience, endsAt: ctx.clock() + lateMs };
}

/** What keeps a row from being told of, if anything does; outside of transactions. */
export function unfitGoods(ctx: Context, shop: string, push: GoodsPush, row: ToldGoods) {
  return unfitPush(ctx, shop, { ...draftOfGoods(ctx, push, row), audience: { everyone: true } });
}

/** Puts the goods' own words for `{{ goods.name }}` and its like: as text, which never becomes a template. */
function withGoods(content: Content, { goods, name, description, keywords }: ToldGoods): Content {
  const words: Readonly<Record<string, string>> = { id: goods, name, description, keywords: keywords.join(", ") };
  const put = (source: string) =>
    source.replace(/\{\{-?\s*goods\.(id|name|description|keywords)\s*-?\}\}/g, (_, what: string) => {
      const text = (words[what] ?? "").replace(/[{}%]/g, " ").replaceAll('"', "”");
      return text === "" ? "" : `{{ "${text}" }}`;
    });
  return JSON.parse(JSON.stringify(content), (_, value) => (typeof value === "string" ? put(value) : value));
}
