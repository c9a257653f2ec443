/** The data of an answer with amounts alone in the places of money that was asked for as `{ amount }`. */
// biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
export function amountsOf(value: any): any {
  if (Array.isArray(value)) return value.map(amountsOf);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === "amount") return only[1];
  return Object.fromEntries(entries.map(([name, part]) => [name, amountsOf(part)]));
}
