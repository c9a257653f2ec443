import type { Answer } from "./caller.ts";
import type { World } from "./world.ts";

/** An answer in a few words, for the story. */
export function told(answer: Answer): string {
  switch (answer.kind) {
    case "data":
      return [answer.data?.id ? named(answer.data.id) : "done", answer.data?.state].filter(Boolean).join(", ");
    case "refused":
      return `refused, ${answer.refusal}: ${answer.message}`;
    case "lost":
      return `no answer, ${answer.why}`;
    default:
      return `ERRORS ${answer.message}`;
  }
}

/** A global id as the shop's rows name it: `Coupon:7`. */
export function named(id: string): string {
  return atob(id);
}

/** The row that a global id means. */
export function rowOf(id: string): number {
  return Number(named(id).split(":")[1]);
}

/** An answer that no specification has is a fault of the shop. */
export function expectNoErrors(what: string, answer: Answer): void {
  if (answer.kind === "errors") throw new Error(`${what}: ${answer.message}`);
}

/** Somebody waits a while before they go on. */
export function pause({ engine }: World, ms: number): Promise<void> {
  return new Promise((resolve) => void engine.after(ms, resolve, false));
}
