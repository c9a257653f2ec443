import { type ExecutionResult, execute, parse, subscribe } from "graphql";
import type { Actor } from "../../src/actor.ts";
import type { Context } from "../../src/context.ts";
import { domains } from "../../src/domains.ts";
import { buildSchemas } from "../../src/schema/server/schemas.ts";

/** What operators and services ask. */
export const operatorSchema = buildSchemas(domains).operators;

const limits = { depth: 99, breadth: 1e6, complexity: 1e12, aliases: 1e6, tokens: 1e6 };

/**
 * Asks the operators' schema as somebody, without HTTP and without limits; of a subscription, the first thing that it
 * tells, or that it was let in.
 */
export async function askAs(ctx: Context, actor: Actor, operation: string): Promise<ExecutionResult> {
  const document = parse(operation);
  const contextValue = { ctx: { ...ctx, actor }, requestId: "r", address: "a", limits };
  const isWatched = operation.startsWith("subscription");
  const answer = await (isWatched ? subscribe : execute)({ schema: operatorSchema, document, contextValue });
  if (!(Symbol.asyncIterator in answer)) return answer;
  const { value, done } = await answer.next();
  await answer.return?.();
  return done ? { data: { ended: true } } : value;
}
