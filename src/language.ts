/** The languages in which Fanfare itself speaks to members. Others are the shop's, in its own texts. */
export const languages = ["en", "zh"] as const;
export type Language = (typeof languages)[number];

/** The one of ours that someone of this locale (BCP 47) reads; English unless it is Chinese. */
export function languageOf(locale: string | null | undefined): Language {
  return /^zh\b/i.test(locale ?? "") ? "zh" : "en";
}
