/** Runs remembered a process at most; the oldest is forgotten first. */
const rememberedRuns = 200;

/** What never changes of a run, loaded once and then known. */
export function remembered<T>(known: Map<number, Promise<T>>, run: number, load: () => Promise<T>): Promise<T> {
  const hit = known.get(run);
  if (hit) return hit;
  const loading = load();
  known.set(run, loading);
  loading.catch(() => known.delete(run));
  for (const oldest of known.keys()) {
    if (known.size <= rememberedRuns) break;
    known.delete(oldest);
  }
  return loading;
}
