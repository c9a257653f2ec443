import { expect, test } from "bun:test";
import { codeOf, sources } from "./source.ts";

/**
 * The words of a thing that never changes belong to it; who hears of a client's failed scripts, to the client; who
 * waits by a timer, to the timers.
 */
const ofItsKey = ["moment.ts", "redis/script.ts", "web/deadlines.ts"];

test("what is remembered of an app is an entry of its memory", () => {
  const aside = sources.filter((file) => /\bnew WeakMap</.test(codeOf(file)) && !codeOf(file).includes("perApp("));
  expect(aside.map(({ path }) => path).sort()).toEqual(ofItsKey);
});

test("a name in the memory begins with its folder's, and is asked for in one place", () => {
  const entries = sources
    .filter(({ path }) => path !== "memory.ts")
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\bperApp\(\w+, ["`]([^"`]+)["`]/g)].map(([, name = ""]) => ({ path, name })),
    );
  expect(entries.length).toBeGreaterThan(10);
  expect(entries.filter(({ path, name }) => !path.startsWith(`${name.split(".")[0]}/`))).toEqual([]);
  const names = entries.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
