import type { Reader } from "./value.ts";

/** The few distinct values of a million rows are worked out once; a stranger's nonsense cannot grow the memory. */
export function remembering<T>(read: Reader<T>): Reader<T> {
  const known = new Map<string, ReturnType<Reader<T>>>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (text.length > 100) return read(text);
    if (known.size > 1_000) known.clear();
    const value = read(text);
    known.set(text, value);
    return value;
  };
}

/** What `Intl` makes of it; nothing where it throws its RangeError. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
