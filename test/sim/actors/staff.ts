import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Answer, Caller } from "../world/caller.ts";
import { told } from "../world/told.ts";
import type { World } from "../world/world.ts";

/** Who works for the shop, with a token each. */
export interface Colleague {
  readonly name: string;
  readonly token: string;
}

export const colleagues = (): Colleague[] => [];

/** The first operator hires an editor, who writes, and an approver, who is the second person. */
export const staff: Actor = {
  name: "staff",
  async found(world) {
    for (const role of ["EDITOR", "APPROVER"]) {
      const name = role === "EDITOR" ? "Edith" : "Ada";
      const answer = await world.admin.does("createOperatorToken", { name, role }, "CreatedToken { token }");
      world.story.say(`${name} is hired as ${role}: ${told(answer)}`);
      if (answer.kind === "data") world.known(colleagues).push({ name, token: answer.data.token });
    }
  },
  deeds: {},
};

/** Who works there, with the name that the story calls them by. */
export interface Person {
  readonly name: string;
  readonly caller: Caller;
}

/** The admin or somebody who was hired. */
export function somebody(world: World, chance: Chance): Person {
  const hired = world.known(colleagues).map(({ name, token }) => ({ name, caller: world.holder(token) }));
  return chance.pick([{ name: "the admin", caller: world.admin }, ...hired]);
}

/** By which they come to where no {@link Caller} goes. */
export function tokenOf(world: World, { name }: Person): string {
  return world.known(colleagues).find((each) => each.name === name)?.token ?? world.process.adminToken;
}

/** Asks again, as people do who got no answer, three times at most. */
export async function insist({ engine }: World, ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await ask();
    if (answer.kind !== "lost" || tries === 3) return answer;
    await new Promise<void>((resolve) => void engine.after(tries * 2_000, resolve, false));
  }
}

/** Tells what came of a deed; an answer that no specification expects is a fault. */
export function tell({ story }: World, what: string, answer: Answer): void {
  story.say(`${what}: ${told(answer)}`);
  if (answer.kind === "errors") throw new Error(`${what}: ${answer.message}`);
}
