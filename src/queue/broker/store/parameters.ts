/** Parameters in order. */
export type Values = readonly (string | number)[];
/** Parameters by name. */
export type Named = Record<string, string | number | null | Uint8Array<ArrayBuffer>>;
