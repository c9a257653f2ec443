import type { Context } from "../../context.ts";
import type { QueryLimits } from "./query-limits.ts";

/** What resolvers get. */
export interface GraphqlContext {
  readonly ctx: Context;
  /** Echoed in errors, the log and the `x-request-id` header. */
  readonly requestId: string;
  /** Where the caller sits, as limits count it. */
  readonly address: string;
  /** Counts what a mutation answered: the type of its result or refusal, or `error`. */
  countMutation?(mutation: string, result: string): void;
  /** What one document may ask for at most. */
  readonly limits: QueryLimits;
  /** Whether the document is known to keep to them. */
  readonly isReckoned?: true;
}
