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

/** Lets everything else have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
