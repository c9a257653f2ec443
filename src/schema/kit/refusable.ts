import type { InputFieldMap, InputShapeFromFields, MaybePromise, ObjectRef } from "@pothos/core";
import { GraphQLError } from "graphql";
import type { Context } from "../../context.ts";
import { isRefusal, type Refusal, refuse } from "../../errors.ts";
import { builder, type Types } from "./builder.ts";
import type { GraphqlContext } from "./graphql-context.ts";
import { refusalTypes, typeNameOf } from "./refusal.ts";
import { denial, type Scopes } from "./scopes.ts";

type InputFields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

/** How a mutation is declared. */
export interface Refusable<Shape, Fields extends InputFieldMap> {
  readonly description: string;
  readonly scopes: Scopes;
  /** The type that it answers when it was done. */
  readonly result: ObjectRef<Types, Shape>;
  /** The fields of its one argument `input`, a type `<Name>Input`. */
  readonly input: (t: InputFields) => Fields;
  /** Calls one verb; a refusal it answers becomes its type in the union `<Name>Result`. */
  resolve(input: InputShapeFromFields<Fields>, ctx: Context, context: GraphqlContext): MaybePromise<Shape | Refusal>;
}

/** Declares a mutation with a single `input`, whose answer is a union of its result and every refusal. */
export function refusable<Shape extends object, Fields extends InputFieldMap>(
  name: string,
  options: Refusable<Shape, Fields>,
): void {
  declare(name, options);
}

function declare(name: string, options: Refusable<object, InputFieldMap>): void {
  const { description, scopes, result, input } = options;
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const Input = builder.inputType(`${title}Input`, { description: `What \`${name}\` needs.`, fields: input });
  const Result = builder.unionType(`${title}Result`, {
    description: `What \`${name}\` answers: its result, or why it was not done.`,
    types: [result, ...refusalTypes],
    resolveType: (answer) => (isRefusal(answer) ? typeNameOf(answer) : result.name),
  });
  builder.mutationField(name, (t) =>
    t.field({
      type: Result,
      description,
      authScopes: { ...scopes },
      extensions: { refusable: true },
      args: { input: t.arg({ type: Input, required: true, description: "What to do it with." }) },
      unauthorizedResolver: (_parent, _args, { ctx }) => refuseTo(ctx, scopes, name),
      resolve: (_parent, args, context) => options.resolve(args.input, context.ctx, context),
    }),
  );
}

/** Those who signed in get a refusal; those who did not, an error that says how. */
function refuseTo(ctx: Context, scopes: Scopes, name: string): Refusal {
  const { code, message } = denial(ctx.actor, scopes, name);
  if (code === "FORBIDDEN") return refuse.forbidden(message);
  throw new GraphQLError(message, { extensions: { code } });
}
