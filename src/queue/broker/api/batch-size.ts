/** What is done in one go may take about this long, ms: everything else waits for it. */
const bearable = 20;
const first = 500;

/** How much of long work is done between two turns of the event loop: more where that is quick, less where it is slow. */
export interface Stride {
  /** Does the next piece, of the size that it is told. */
  run<T>(piece: (size: number) => T): T;
}

/** A stride of `most` pieces at most. */
export function createStride(most: number): Stride {
  let size = Math.min(first, most);
  return {
    run(piece) {
      const began = performance.now();
      const result = piece(size);
      const took = performance.now() - began;
      if (took > bearable) size = Math.max(1, Math.floor(size / 2));
      else if (took < bearable / 3) size = Math.min(most, size * 2);
      return result;
    },
  };
}

/** Rows in the order of their numbers, of which few may be wanted. */
interface Rows<Row> {
  /** The first of the `length` rows before number `before`; nothing where there are none. */
  stretch(before: number, length: number): number | undefined;
  /** The wanted ones from number `first` to before `end`, newest first, `limit` at most. */
  wanted(first: number, end: number, limit: number): readonly Row[];
}

/** Rows looked through between two turns of the event loop at most. */
const looked = 20_000;

/** The newest `count` wanted rows before number `before`; while few are found, everything else has its turn. */
export async function searchBack<Row>(
  { stretch, wanted }: Rows<Row>,
  before: number,
  count: number,
): Promise<readonly Row[]> {
  const stride = createStride(looked);
  const found: Row[] = [];
  for (let end: number | undefined = before; end !== undefined; await nextTurn()) {
    const from: number = end;
    end = stride.run((size) => {
      const first = stretch(from, size);
      if (first === undefined) return undefined;
      found.push(...wanted(first, from, count - found.length));
      return found.length < count ? first : undefined;
    });
  }
  return found;
}

/** Lets everything else have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
