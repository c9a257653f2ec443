import { expect, test } from "bun:test";
import { createMemory, forgetAll, perApp, remembered } from "../src/memory.ts";

const words = (app: { memory: ReturnType<typeof createMemory> }) => perApp(app, "test.words", () => new Set<string>());

test("an app has one entry of a name, and another app another", () => {
  const [one, other] = [{ memory: createMemory() }, { memory: createMemory() }];
  words(one).add("here");
  expect([...words(one)]).toEqual(["here"]);
  expect([...words({ ...one })]).toEqual(["here"]);
  expect([...words(other)]).toEqual([]);
});

test("each entry says how much it is, and all can be forgotten at once", () => {
  const app = { memory: createMemory() };
  words(app).add("one").add("two");
  perApp(app, "test.task", () => ({ running: false }));
  expect(remembered(app)).toEqual([
    { name: "test.words", size: 2 },
    { name: "test.task", size: 1 },
  ]);
  forgetAll(app);
  expect(remembered(app)).toEqual([]);
  expect([...words(app)]).toEqual([]);
});
