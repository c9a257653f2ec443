/** One fault of an input: where it is and what is wrong with it. */
export interface Issue {
  /** Path to the fault, e.g. `filter.and.1.level` or `content.EMAIL.html:3:12` (line:column of a template). */
  readonly path: string;
  readonly message: string;
}

const mark: unique symbol = Symbol("refusal");

/**
 * What a verb answers when it will not do what was asked, and nothing is broken. Refusals are values: each transport
 * maps them once. Exceptions are bugs or outages. Those that anything may need are made by {@link refuse}; a domain's
 * own stand in its `refusals.ts`. The types of verbs are inferred, so that the compiler knows which of them each
 * answers.
 */
export interface Refusal<Code extends string = string> {
  /** Why, for programs. */
  readonly code: Code;
  /** For people: what was wrong and what to do next. */
  readonly message: string;
  readonly [mark]: true;
}

/** The refusal of a faulty input. */
export type InvalidInput = Refusal<"INVALID_INPUT"> & { readonly issues: readonly Issue[] };

/** The refusals among what a verb answers; of a type that may be anything, any. */
export type RefusalsOf<Answer> = Answer extends Refusal ? Answer : Refusal extends Answer ? Answer & Refusal : never;

/** Makes a refusal, with what else its kind tells. */
export function refusal<Code extends string>(code: Code, message: string): Refusal<Code>;
export function refusal<Code extends string, Facts extends object>(
  code: Code,
  message: string,
  facts: Facts,
): Refusal<Code> & Readonly<Facts>;
export function refusal(code: string, message: string, facts?: object): Refusal {
  return Object.freeze({ ...facts, code, message, [mark]: true as const });
}

/** Whether a verb's answer is a refusal and not its result. */
export function isRefusal<Answer>(answer: Answer): answer is RefusalsOf<Answer> {
  return typeof answer === "object" && answer !== null && mark in answer;
}

/** The faults that a refusal names, if it is one of a faulty input. */
export function issuesOf(refused: Refusal): readonly Issue[] {
  return isInvalidInput(refused) ? refused.issues : [];
}

function isInvalidInput(refused: Refusal): refused is InvalidInput {
  return refused.code === "INVALID_INPUT";
}

/** What somebody sent, as it is said back to them: an answer is not as long as a question may be. */
function brief(id: string | number): string {
  const text = String(id);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Makes the refusals that any domain may need. */
export const refuse = {
  notFound: (what: string, id: string | number) => refusal("NOT_FOUND", `There is no ${what} ${brief(id)}.`),
  invalid: (issues: readonly Issue[]): InvalidInput => {
    const lines = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message));
    return refusal("INVALID_INPUT", lines.join("; "), { issues });
  },
  conflict: (message: string) => refusal("CONFLICT", message),
  wrongState: (message: string, currentState: string) => refusal("WRONG_STATE", message, { currentState }),
  forbidden: (message: string) => refusal("FORBIDDEN", message),
  rateLimited: (retryAfterSeconds: number) =>
    refusal("RATE_LIMITED", `Too many requests; try again in ${retryAfterSeconds} s.`, { retryAfterSeconds }),
  tooCostly: (seconds: number) =>
    refusal(
      "TOO_COSTLY",
      `This reads too many members: it was given up after ${seconds} s. Narrow the filter by a tag, a level or a date.`,
    ),
};

/** A fault of configuration or environment that a person must mend: shown without a stack trace. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
