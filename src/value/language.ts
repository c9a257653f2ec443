import { lineOf } from "./plain-text.ts";
import { attempt, remembering } from "./remembered.ts";
import { type Reader, schemaOf, unfit } from "./value.ts";

/**
 * Reads a language tag into the form in which BCP 47 writes it: `pt-br`, `pt_BR` and `PT-br.UTF-8` are `pt-BR`. The
 * language is one of 2 or 3 letters, as there are.
 */
export const readLanguage: Reader = remembering((text) => {
  const tag = lineOf(text)
    .replace(/[.@].*$/, "")
    .replaceAll("_", "-");
  const canonical = /^[a-z]{2,3}(-|$)/i.test(tag) && tag.length <= 35 ? attempt(() => canonicalOf(tag)) : undefined;
  return canonical ?? unfit("is no language tag: write it like en or de-AT");
});

export const languageTag = () => schemaOf(readLanguage, "de-AT");

function canonicalOf(tag: string): string | undefined {
  return Intl.getCanonicalLocales(tag)[0];
}
