import { scriptOf } from "./content.ts";

/**
 * The way out of an e-mail, for a page and for plain text: in Chinese where its reader reads Chinese, or where what is
 * `said` is written in it, otherwise in English.
 */
export function footerOf(
  unsubscribeUrl: string,
  { locale, said = "" }: { readonly locale: string; readonly said?: string },
): { readonly html: string; readonly text: string } {
  const isChinese =
    /^zh\b/i.test(locale) || (/\p{Script=Han}/u.test(said) && !/[\p{Script=Hira}\p{Script=Kana}]/u.test(said));
  const word = !isChinese ? "Unsubscribe" : scriptOf(locale) === "Hant" ? "退訂" : "退订";
  return {
    html: `<p><a data-unsubscribe href="${Bun.escapeHTML(unsubscribeUrl)}">${word}</a></p>`,
    text: `\n\n${word}${isChinese ? "：" : ": "}${unsubscribeUrl}\n`,
  };
}
