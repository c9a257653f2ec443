import type { World } from "../world/world.ts";

const patienceMs = 10 * 60_000;

/** Lets time go on until something that a checker asked for is answered. */
export async function drive<Value>({ engine }: World, asked: Promise<Value>): Promise<Value> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  asked.then(over, over);
  if (!(await engine.until(() => isOver, patienceMs))) throw new Error("nobody answered a checker");
  return asked;
}
