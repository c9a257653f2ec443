/** The id by which the outside knows a row: of its type and its number, opaque, unique over all types. */
export function globalId(type: string, row: number | string | bigint): string {
  return btoa(`${type}:${row}`);
}

/** The number of the row that a global id means; undefined where it is none, or one of another type. */
export function rowOf(type: string, id: string): number | undefined {
  const prefix = `${type}:`;
  const text = Buffer.from(id, "base64").toString();
  if (!text.startsWith(prefix) || globalId(type, text.slice(prefix.length)) !== id) return undefined;
  return rowNumber(text.slice(prefix.length));
}

/** A row's number as text; undefined for any other text. */
export function rowNumber(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
