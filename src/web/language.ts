import type { Language } from "../language.ts";

/** The reader's preferred language among ours, by `Accept-Language`; English when none of them is wanted. */
export function preferredLanguage(accepted: string | null): Language {
  const wishes = (accepted ?? "").split(",").map((wish) => {
    const [tag = "", ...parameters] = wish.trim().toLowerCase().split(";");
    const quality = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find((q) => q !== undefined);
    return { tag, quality: quality === undefined ? 1 : Number(quality) };
  });
  const ours = wishes.filter(({ tag, quality }) => quality > 0 && /^(en|zh)\b/.test(tag));
  const [best] = ours.sort((one, other) => other.quality - one.quality);
  return best?.tag.startsWith("zh") ? "zh" : "en";
}
