/** Headers as QStash writes them: each name with the list of its values. */
export function headerLists(headers: Headers): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const [name, value] of headers) lists[canonical(name)] = [...(lists[canonical(name)] ?? []), value];
  return lists;
}

/** The same of headers kept as JSON. */
export function sourceHeader(json: string): Record<string, string[]> {
  const headers: Record<string, string> = JSON.parse(json);
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [canonical(name), [value]]));
}

export function base64(bytes: Uint8Array<ArrayBuffer>): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function canonical(name: string): string {
  return name.replaceAll(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
