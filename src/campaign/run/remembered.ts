import type { MaybePromise } from "../../maybe-promise.ts";

/** Runs remembered a process at most; the oldest is forgotten first. */
const rememberedRuns = 200;

/** What never changes of a run, loaded once and then known: at once, where it is there. */
export function remembered<T>(
  known: Map<number, MaybePromise<T>>,
  run: number,
  load: () => Promise<T>,
): MaybePromise<T> {
  const hit = known.get(run);
  if (hit !== undefined) return hit;
  const loading = load();
  known.set(run, loading);
  loading.then(
    (loaded) => known.get(run) === loading && known.set(run, loaded),
    () => known.delete(run),
  );
  for (const oldest of known.keys()) {
    if (known.size <= rememberedRuns) break;
    known.delete(oldest);
  }
  return loading;
}
