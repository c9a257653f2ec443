import { GraphQLError } from "graphql";
import { isRefusal, issuesOf, type Refusal } from "../../errors.ts";

/** A query's answer; a refusal becomes an error that says why, with the place of every fault. */
export function unwrap<Answer>(answer: Answer): Exclude<Answer, Refusal> {
  if (!isRefusal(answer)) return answer as Exclude<Answer, Refusal>;
  const { code, message } = answer;
  const issues = issuesOf(answer);
  throw new GraphQLError(message, { extensions: { code, ...(issues.length > 0 && { issues }) } });
}
