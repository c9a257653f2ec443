/** An amount of money: whole minor units – cents of EUR, yen of JPY, fils of KWD – of a currency (ISO 4217). */
export interface Money {
  readonly amount: number | bigint;
  readonly currency: string;
}

/** How many decimals a currency has, by ISO 4217. */
export function decimalsOf(currency: string): number {
  return formatOf("en", currency).resolvedOptions().maximumFractionDigits ?? 0;
}

/** An amount as people of a language (BCP 47) write it, without decimals where they are zero: `€30`, `¥3,000`. */
export function moneyText({ amount, currency }: Money, language: string): string {
  return formatOf(language, currency).format(decimal(BigInt(amount), decimalsOf(currency)));
}

/** A share in hundredths of a per cent as people of a language write it: 750 is `7.5%`, `7,5 %`. */
export function shareText(basisPoints: number, language: string): string {
  return remembered(language, "%", () => ({ style: "percent", maximumFractionDigits: 2 })).format(basisPoints / 10_000);
}

/** A whole number as people of a language write it: `1,000`, `1.000`. */
export function numberText(n: number, language: string): string {
  return remembered(language, "", () => ({ maximumFractionDigits: 0 })).format(n);
}

/** The amount in whole units, exactly: `Intl` takes decimal texts, where a number would have lost digits. */
function decimal(amount: bigint, decimals: number): `${number}` {
  const digits = String(amount < 0n ? -amount : amount).padStart(decimals + 1, "0");
  const at = digits.length - decimals;
  const text = `${amount < 0n ? "-" : ""}${digits.slice(0, at)}${decimals > 0 ? `.${digits.slice(at)}` : ""}`;
  return text as `${number}`;
}

function formatOf(language: string, currency: string): Intl.NumberFormat {
  return remembered(language, currency, () => ({ style: "currency", currency, trailingZeroDisplay: "stripIfInteger" }));
}

const formats = new Map<string, Intl.NumberFormat>();
/** Languages come from members, so that there are not many; what is more is made anew. */
const maxFormats = 1_000;

function remembered(language: string, name: string, options: () => Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language}/${name}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.NumberFormat(language, options());
  if (formats.size < maxFormats) formats.set(key, made);
  return made;
}
