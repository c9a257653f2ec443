import type { InputFieldMap, InputShapeFromFields, MaybePromise, ObjectRef } from "@pothos/core";
import { GraphQLError } from "graphql";
import { z } from "zod";
import type { Context } from "../../context.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { builder, type Types } from "./builder.ts";
import type { GraphqlContext } from "./graphql-context.ts";
import { typeNameOf, typeOfCode } from "./refusal-type.ts";
import { denial, type Scopes } from "./scopes.ts";

type InputFields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

/** What every mutation may answer, whatever its verb: who may not, and input that is faulty on its face. */
const ofTheEdge = ["FORBIDDEN", "INVALID_INPUT"] as const;

/** The codes of the refusals among what a verb answers, without those that every mutation has. */
type CodesOf<Answer> = Exclude<Extract<Answer, Refusal>["code"], (typeof ofTheEdge)[number]>;

/** A code that there is none of where the verb answers something that the mutation's result does not show. */
type Misfit<Shape, Answer> = unknown extends Answer
  ? never
  : [Exclude<Answer, Refusal>] extends [Shape]
    ? never
    : "the verb answers something that `result` does not show";

/** Another where nobody knows which refusals they are, because a type says "a Refusal". */
type Vague<Code> = string extends Code ? "the verb's type does not say which refusals" : Code;

/** How a mutation is declared. */
export interface Refusable<Shape, Fields extends InputFieldMap, Answer> {
  readonly description: string;
  readonly scopes: Scopes;
  /** The type that it answers when it was done. */
  readonly result: ObjectRef<Types, Shape>;
  /** Exactly the codes that the verb may refuse with, besides FORBIDDEN and INVALID_INPUT. */
  readonly refusals: NoInfer<{ readonly [Code in Vague<CodesOf<Answer>> | Misfit<Shape, Answer>]: true }>;
  /** The fields of its one argument `input`, a type `<Name>Input`. */
  readonly input: (t: InputFields) => Fields;
  /** Calls one verb; a refusal it answers becomes its type in the union `<Name>Result`. */
  resolve(input: InputShapeFromFields<Fields>, ctx: Context, context: GraphqlContext): MaybePromise<Answer>;
}

/**
 * Declares a mutation with a single `input`, whose answer is a union of its result and of the refusals that its verb
 * may answer. The compiler knows which these are: neither more nor fewer can be declared.
 */
export function refusable<Shape extends object, Fields extends InputFieldMap, Answer>(
  name: string,
  options: Refusable<Shape, Fields, Answer>,
): void;
export function refusable(name: string, options: Refusable<object, InputFieldMap, object>): void {
  const { description, scopes, result } = options;
  const refusals = [...Object.keys(options.refusals), ...ofTheEdge];
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  let declared: InputFieldMap = {};
  const Input = builder.inputType(`${title}Input`, {
    description: `What \`${name}\` needs.`,
    fields: (t) => {
      declared = options.input(t);
      return { ...whyField(t, scopes), ...declared };
    },
  });
  const Result = builder.unionType(`${title}Result`, {
    description: `What \`${name}\` answers: its result, or why it was not done.`,
    types: () => [result, ...refusals.map(typeOfCode)],
    resolveType: (answer) => (isRefusal(answer) ? typeNameOf(answer) : result.name),
  });
  builder.mutationField(name, (t) =>
    t.field({
      type: Result,
      description,
      authScopes: { ...scopes },
      extensions: { refusals },
      args: { input: t.arg({ type: Input, required: true, description: "What to do it with." }) },
      unauthorizedResolver: (_parent, _args, { ctx }) => refuseTo(ctx, scopes, name),
      resolve: async (_parent, args, context) => {
        try {
          const { reason, ...asked } = args.input as Record<string, unknown>;
          const told = withReason(context, reason);
          const answer = await options.resolve("reason" in declared ? args.input : asked, told.ctx, told);
          context.countMutation?.(name, isRefusal(answer) ? typeNameOf(answer) : result.name);
          return answer;
        } catch (error) {
          context.countMutation?.(name, "error");
          throw error;
        }
      },
    }),
  );
}

/** Characters of a reason. */
export const longestReason = 500;

/** The field of an input in which whoever answers for what they do may say why. */
function whyField(t: InputFields, { role, platform }: Scopes): InputFieldMap {
  if ((role ?? platform) === undefined) return {};
  const validate = z.string().max(longestReason, `is longer than ${longestReason} characters`);
  return {
    reason: t.string({ description: `Why, at most ${longestReason} characters; kept in the audit.`, validate }),
  };
}

/** What is done is written down with the reason that was given. */
function withReason(context: GraphqlContext, reason: unknown): GraphqlContext {
  if (typeof reason !== "string" || reason === "") return context;
  return { ...context, ctx: { ...context.ctx, reason } };
}

/** Those who signed in get a refusal; those who did not, an error that says how. */
function refuseTo(ctx: Context, scopes: Scopes, name: string): Refusal {
  const { code, message } = denial(ctx.actor, scopes, name);
  if (code === "FORBIDDEN") return refuse.forbidden(message);
  throw new GraphQLError(message, { extensions: { code } });
}
