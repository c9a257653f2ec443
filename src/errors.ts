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
  return Object.freeze({ ...facts, code, message: briefly(message), [mark]: true as const });
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

const longestWord = 100;
const longestText = 2_000;

/**
 * A text that holds something that somebody sent: an answer is not as long as a question may be, so words of more than
 * a hundred characters are cut, and the whole is where it is too long even then. Every message that leaves passes here.
 */
export function briefly(text: string, longest = longestText): string {
  if (text.length <= longestWord) return text;
  let brief = "";
  for (const [word] of text.matchAll(/[^\s"'`]+|[\s"'`]+/g)) {
    brief += word.length > longestWord ? cut(word, longestWord) : word;
    if (brief.length > longest) return cut(brief, longest);
  }
  return brief;
}

function cut(text: string, length: number): string {
  return `${text.slice(0, length).toWellFormed()}…`;
}

/** The same of a fault, whose place may be a long word of its own. */
export function brieflyAt({ path, message }: Issue): Issue {
  return { path: path.length > 300 ? cut(path, 300) : path, message: briefly(message) };
}

/** As many faults as anyone mends at once. */
const mostIssues = 100;

function furtherIssues(count: number): Issue {
  return { path: "", message: `there are ${(count - mostIssues).toLocaleString("en")} more faults` };
}

/** Makes the refusals that any domain may need. */
export const refuse = {
  notFound: (what: string, id: string | number) =>
    refusal("NOT_FOUND", `There is no ${what} ${briefly(String(id), longestWord)}.`),
  invalid: (all: readonly Issue[]): InvalidInput => {
    const issues = all.length > mostIssues ? [...all.slice(0, mostIssues), furtherIssues(all.length)] : all;
    const lines = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message));
    return refusal("INVALID_INPUT", lines.join("; "), { issues: issues.map(brieflyAt) });
  },
  conflict: (message: string) => refusal("CONFLICT", message),
  wrongState: (message: string, currentState: string) => refusal("WRONG_STATE", message, { currentState }),
  /** Until a second person has approved it; `limit`: up to how many members a campaign needs none. */
  needsApproval: (message: string, limit: number | null = null) => refusal("NEEDS_APPROVAL", message, { limit }),
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

/** What to tell a person where an error says that a directory takes nothing; undefined for any other error. */
export function cannotWrite(dir: string, error: unknown): SetupError | undefined {
  const code = codeOf(error);
  if (!/^(EACCES|EPERM|EEXIST|ENOTDIR|EROFS|ENOSPC|EDQUOT|EIO)$/.test(code) && !isOfStorage(code)) return undefined;
  return new SetupError(`${dir} cannot be written (${code}); is the disk full or read-only, or another user's?`);
}

/**
 * Why what was asked could not be kept, in words without an end, where an error – or what caused it – tells of a disk
 * that is full, read-only or broken, or of another process that holds the database for longer than anyone waits;
 * undefined for any other.
 */
export function whyUnkept(error: unknown): string | undefined {
  const code = codeOf(error);
  if (/^(SQLITE_FULL|ENOSPC|EDQUOT)/.test(code)) return "its disk is full";
  if (/^(SQLITE_READONLY|EROFS)/.test(code)) return "its disk is read-only";
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return "another process holds its database";
  if (isOfStorage(code) || code === "EIO") return `its disk does not take them (${code})`;
  return error instanceof Error && error.cause !== undefined ? whyUnkept(error.cause) : undefined;
}

function isOfStorage(code: string): boolean {
  return /^SQLITE_(FULL|READONLY|CANTOPEN|PERM|IOERR)/.test(code);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
