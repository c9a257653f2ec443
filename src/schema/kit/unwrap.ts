import { GraphQLError } from "graphql";
import { isRefusal, type Refusal } from "../../errors.ts";

/** A query's answer; a refusal becomes an error that says why, with the place of every fault. */
export function unwrap<T>(answer: T | Refusal): T {
  if (!isRefusal(answer)) return answer;
  const { code, message } = answer;
  const issues = code === "INVALID_INPUT" ? answer.issues : undefined;
  throw new GraphQLError(message, { extensions: { code, ...(issues && { issues }) } });
}
