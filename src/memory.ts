/**
 * What one app remembers between calls, by name: what it has read and may read again, and what it has under way. It is
 * made with the app, so that two of them in one process know nothing of each other.
 */
export type Memory = Map<string, unknown>;

interface Remembering {
  readonly memory: Memory;
}

export function createMemory(): Memory {
  return new Map();
}

/**
 * The app's one entry of this name, made when it is first asked for. A name, `<domain>.<what>`, stands in one place of
 * the source. What has a `size`, as a `Map` has, tells by it how much it is. A transaction shares the entry: what it
 * keeps must not be what only the transaction sees.
 */
export function perApp<T extends object>({ memory }: Remembering, name: string, make: () => T): T {
  const known = memory.get(name);
  if (known !== undefined) return known as T; // made by the same place
  const made = make();
  memory.set(name, made);
  return made;
}

/** What is remembered now, and how much of it; 1 for what does not tell. */
export function remembered({ memory }: Remembering): { readonly name: string; readonly size: number }[] {
  return [...memory].map(([name, value]) => ({ name, size: sizeOf(value) }));
}

/** Forgets everything: for tests, which look at what a process does that has just begun. */
export function forgetAll({ memory }: Remembering): void {
  memory.clear();
}

function sizeOf(value: unknown): number {
  const isSized = typeof value === "object" && value !== null && "size" in value;
  return isSized && typeof value.size === "number" ? value.size : 1;
}
