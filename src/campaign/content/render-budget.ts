import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";

/**
 * Of one message: steps of the template engine, of which a microsecond does a few; a filter takes one for every eight
 * characters that it reads. They are counted, not timed, so that a template fares the same on every machine.
 */
const stepsPerMessage = 50_000;
const charactersPerStep = 8;
/** Rendering goes on this long before everybody else has a turn, in milliseconds: all that render share it. */
const sliceMs = 8;
/** How many steps are made between two looks at the time. */
const stepsPerLook = 64;

/** What one occasion – a batch, a page of an inbox, a preview – may spend on rendering. */
export interface Budget {
  /** Time that is left, in milliseconds of rendering: waiting does not count. */
  ms: number;
  /** Steps that are left of the message at hand. */
  steps: number;
}

/** Of a batch every message has its own; how long all of them may take is the batch's. */
export function batchBudget(): Budget {
  return { ms: Number.POSITIVE_INFINITY, steps: stepsPerMessage };
}

/** The budget of what somebody waits for. */
export function readerBudget(): Budget {
  return { ms: 400, steps: stepsPerMessage };
}

/** Begins another message of the same occasion. */
export function nextMessage(budget: Budget): void {
  budget.steps = stepsPerMessage;
}

/** Whether a message spent more than it had, or its occasion did. */
export function isSpent({ ms, steps }: Budget): boolean {
  return ms < 0 || steps < 0;
}

/** Takes what a filter reads from the budget. Throws where nothing is left. */
export function spendOn(budget: Budget, characters: number): void {
  if (characters > 0) spend(budget, characters / charactersPerStep);
}

function spend(budget: Budget, steps: number): void {
  budget.steps -= steps;
  if (isSpent(budget)) throw new Error("the template does more than a message may cost");
}

type Rendering = Iterator<unknown, unknown, unknown>;

/** Brings a rendering of the engine to its end, in slices between which the process serves everybody else. */
export async function finish(
  { timers, memory }: Pick<Context, "timers" | "memory">,
  budget: Budget,
  rendering: Rendering,
): Promise<unknown> {
  const turn = turnOf({ memory });
  const stack = [rendering];
  let given: Step = { value: undefined };
  let since = timers.now();
  for (let steps = 1; stack.length > 0; steps++) {
    if (steps % stepsPerLook === 0) {
      const now = timers.now();
      // A machine that stood still is no fault of the template's.
      budget.ms -= Math.min(now - since, 2 * sliceMs);
      since = now;
      given = whatIsLeft(budget, given);
      if (now >= turn.until) {
        await nextTurn(timers, turn);
        since = timers.now();
      }
    }
    given = step(stack, given);
  }
  if ("error" in given) throw given.error;
  return given.value;
}

type Step = { readonly value: unknown } | { readonly error: unknown };

/** Goes on with the innermost of the renderings: with what it waited for, or with the fault in it. */
function step(stack: Rendering[], given: Step): Step {
  const top = stack.at(-1);
  if (!top) return given;
  try {
    const { done, value } = "error" in given ? raiseIn(top, given.error) : top.next(given.value);
    if (done) stack.pop();
    if (!isRendering(value)) return { value };
    stack.push(value);
    return { value: undefined };
  } catch (error) {
    stack.pop();
    return { error };
  }
}

function raiseIn(rendering: Rendering, error: unknown): IteratorResult<unknown, unknown> {
  if (!rendering.throw) throw error;
  return rendering.throw(error);
}

function isRendering(value: unknown): value is Rendering {
  return typeof value === "object" && value !== null && "next" in value && "throw" in value && "return" in value;
}

/** The fault is raised where the template stands, so that it has that place. */
function whatIsLeft(budget: Budget, given: Step): Step {
  try {
    spend(budget, stepsPerLook);
    return given;
  } catch (error) {
    return { error };
  }
}

/** Whose turn it is: rendering's until then, however many render. */
interface Turn {
  until: number;
  next: Promise<void> | undefined;
}

const turnOf = (ctx: Pick<Context, "memory">) =>
  perApp<Turn>(ctx, "campaign.renderTurn", () => ({ until: 0, next: undefined }));

function nextTurn(timers: Context["timers"], turn: Turn): Promise<void> {
  turn.next ??= timers.sleep(0).then(() => {
    turn.until = timers.now() + sliceMs;
    turn.next = undefined;
  });
  return turn.next;
}

/** Lets everybody else have a turn where rendering, or what belongs to it, has had its own. */
export async function giveWay({ timers, memory }: Pick<Context, "timers" | "memory">): Promise<void> {
  const turn = turnOf({ memory });
  if (timers.now() >= turn.until) await nextTurn(timers, turn);
}
