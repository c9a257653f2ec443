import { type InvalidInput, isRefusal, issuesOf, refuse } from "../../errors.ts";

/** A verb's answer with the places of its faults as its input names them, where the domain has other words. */
export function placed<Answer>(answer: Answer, outer: (path: string) => string): Answer | InvalidInput {
  const issues = isRefusal(answer) ? issuesOf(answer) : [];
  if (issues.length === 0) return answer;
  return refuse.invalid(issues.map(({ path, message }) => ({ path: outer(path), message })));
}
