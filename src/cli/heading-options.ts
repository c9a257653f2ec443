import { UsageError } from "./options.ts";

/** What each heading means: `--map HEADING=FIELD`, `--skip HEADING`. */
export function namesOf(map: readonly string[], skip: readonly string[]): Record<string, string> {
  const mapped = map.map((words): [string, string] => {
    const at = words.lastIndexOf("=");
    if (at < 1 || at === words.length - 1) throw new UsageError(`--map ${words}: it takes HEADING=FIELD.`);
    return [words.slice(0, at), words.slice(at + 1)];
  });
  return Object.fromEntries([...mapped, ...skip.map((heading) => [heading, "-"] as const)]);
}
