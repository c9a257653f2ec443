import type { Settings } from "../../context.ts";

/** Runs remembered a process at most; the oldest is forgotten first. */
const rememberedRuns = 200;

/** What never changes of a run, loaded once a process and application. */
export function remembered<T>(
  byApp: WeakMap<Settings, Map<number, Promise<T>>>,
  app: Settings,
  run: number,
  load: () => Promise<T>,
): Promise<T> {
  const known = byApp.get(app) ?? new Map<number, Promise<T>>();
  byApp.set(app, known);
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
