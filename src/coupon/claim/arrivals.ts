import type { Timers } from "../../world.ts";

/** How long a commit waits for claims that still stand at the gate, ms. */
const patienceMs = 2;

/** Who is on the way to a commit. */
export interface Arrivals {
  /** Announces one, until what is answered is called. */
  expect(): () => void;
  /** Resolves once nobody is on the way any more, or when it has taken too long; undefined where nobody is. */
  others(): Promise<void> | undefined;
}

/** Under load a commit waits a moment for those who are on the way: a second one would cost more. */
export function arrivals(timers: Timers): Arrivals {
  let expected = 0;
  let allCame = () => {};
  return {
    expect() {
      expected += 1;
      return () => {
        expected -= 1;
        if (expected === 0) allCame();
      };
    },
    others() {
      if (expected === 0) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      const late = timers.after(patienceMs, resolve);
      allCame = () => {
        late.stop();
        timers.soon(resolve); // by then they wait, too
      };
      return promise;
    },
  };
}
