/**
 * A value that somebody else wrote as JSON, without its nulls: many serialisers write a field that has no value as
 * `null`, so that in what others say it means the same as leaving the field out. Lists keep theirs, for there the
 * place counts.
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null || !isPlain(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutNulls(each)]));
}

/** Whether it is no more than its fields: dates and bytes stay what they are. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
