import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { GraphqlContext } from "../kit/graphql-context.ts";
import type { QueryLimits } from "../kit/query-limits.ts";

/**
 * What a document costs is reckoned once, where it is the same for every request: then whoever asks under the limits
 * that it kept to need not be told again. It differs where a field of which the cost depends on arguments, as that of a
 * page on `first`, has one that a variable brings; and where something may be left out, perhaps nothing was reckoned.
 */
export function reckonedOnce(schema: GraphQLSchema, document: DocumentNode) {
  const isFixed = costsTheSame(schema, document);
  let keptTo: QueryLimits | undefined;
  return {
    /** The context that a request is answered with. */
    for: (context: GraphqlContext): GraphqlContext =>
      keptTo !== undefined && context.limits === keptTo ? { ...context, isReckoned: true } : context,
    /** Hears that a request was answered without any fault. */
    good({ limits }: GraphqlContext): void {
      if (isFixed) keptTo = limits;
    },
  };
}

function costsTheSame(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let isFixed = true;
  const field = (node: FieldNode) => {
    const isByArguments = typeof types.getFieldDef()?.extensions.complexity === "function";
    if (isByArguments && (node.arguments ?? []).some(hasVariable)) isFixed = false;
  };
  const directive = () => {
    isFixed = false;
  };
  visit(document, visitWithTypeInfo(types, { Field: field, Directive: directive }));
  return isFixed;
}

function hasVariable(argument: ArgumentNode): boolean {
  let has = false;
  visit(argument, {
    Variable: () => {
      has = true;
    },
  });
  return has;
}
