import { adaptiveBatchSize, nextTurn } from "./batch-size.ts";

/** Rows in the order of their numbers, of which few may be wanted. */
interface NumberedRows<Row> {
  /** The number of the first of the `length` rows before number `before`; nothing where there are none. */
  chunkStart(before: number, length: number): number | undefined;
  /** The wanted ones from number `first` to before `end`, newest first, `limit` at most. */
  wanted(first: number, end: number, limit: number): readonly Row[];
}

/** Rows looked through between two turns of the event loop at most. */
const scanLimit = 20_000;

/** The newest `count` wanted rows before number `before`; while few are found, everything else has its turn. */
export async function searchBack<Row>(
  { chunkStart, wanted }: NumberedRows<Row>,
  before: number,
  count: number,
): Promise<readonly Row[]> {
  const batchSize = adaptiveBatchSize(scanLimit);
  const found: Row[] = [];
  for (let end: number | undefined = before; end !== undefined; await nextTurn()) {
    const from: number = end;
    end = batchSize.run((size) => {
      const first = chunkStart(from, size);
      if (first === undefined) return undefined;
      found.push(...wanted(first, from, count - found.length));
      return found.length < count ? first : undefined;
    });
  }
  return found;
}
