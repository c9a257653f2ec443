import type { InValue, Value } from "@libsql/client";

/** The value that libsql takes for one of ours. */
export function toSql(value: InValue): string | number | bigint | Uint8Array | null {
  switch (typeof value) {
    case "string":
      return value;
    case "bigint":
      if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} has more than 64 bits`);
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new RangeError(`${value} is no value of a database`);
      return value;
    case "boolean":
      return value ? 1 : 0;
    default:
      if (value instanceof ArrayBuffer) return new Uint8Array(value);
      return value instanceof Date ? value.valueOf() : value;
  }
}

/** The value that stands for what SQLite answered. An integer beyond 2^53 cannot be a number, and throws. */
export function fromSql(value: unknown): Value {
  if (typeof value === "bigint") {
    if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) {
      throw new RangeError(`the integer ${value} cannot be a number`);
    }
    return Number(value);
  }
  return (value instanceof Uint8Array ? value.buffer : value) as Value;
}
