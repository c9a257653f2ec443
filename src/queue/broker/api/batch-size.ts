/** One batch may take about this long: everything else waits for it. */
const targetMs = 20;
const firstSize = 500;

/**
 * How much of long work is done between two turns of the event loop: more where that is quick, less where it is slow.
 */
export interface BatchSize {
  /** Does the next batch, of the size that it is told. */
  run<T>(batch: (size: number) => T): T;
}

/** A size that follows how long the batches take, never beyond `maxSize`. */
export function adaptiveBatchSize(maxSize: number): BatchSize {
  let size = Math.min(firstSize, maxSize);
  return {
    run(batch) {
      const began = performance.now();
      const result = batch(size);
      const took = performance.now() - began;
      if (took > targetMs) size = Math.max(1, Math.floor(size / 2));
      else if (took < targetMs / 3) size = Math.min(maxSize, size * 2);
      return result;
    },
  };
}

/** Lets everything else have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
