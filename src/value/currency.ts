import { type Reader, schemaOf, unfit } from "./value.ts";

/** Codes of ISO 4217 that nobody can pay with: tests, metals, units of account. */
const noMoney = /^X(?!AF|CD|CG|OF|PF)/;
const known = new Set(Intl.supportedValuesOf("currency").filter((code) => !noMoney.test(code)));

/** Reads the code of a currency (ISO 4217), in capitals. */
export const readCurrency: Reader = (text) => {
  const code = text.normalize("NFKC").trim().toUpperCase();
  return known.has(code) ? code : unfit("is no currency of ISO 4217: write its three letters, e.g. EUR");
};

export const currency = () => schemaOf(readCurrency, "EUR");
