import { maxAliasesRule } from "@escape.tech/graphql-armor-max-aliases";
import { maxTokensPlugin } from "@escape.tech/graphql-armor-max-tokens";
import type { ComplexityErrorFn } from "@pothos/plugin-complexity";
import {
  type ASTVisitor,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";
import type { Plugin } from "graphql-yoga";

/** What one document may ask for at most. */
export interface QueryLimits {
  /** Levels of nesting. */
  readonly depth: number;
  /** Fields in all, fragments spread out. */
  readonly breadth: number;
  /** Cost: one a field, times the length of the lists that it is in. */
  readonly complexity: number;
  readonly aliases: number;
  /** Words and signs of the document. */
  readonly tokens: number;
}

export const operatorLimits: QueryLimits = { depth: 16, breadth: 500, complexity: 20_000, aliases: 50, tokens: 3_000 };
export const appLimits: QueryLimits = { depth: 10, breadth: 150, complexity: 3_000, aliases: 15, tokens: 1_000 };

/** What a field costs that may read every member: eight of them are a document's fill. */
export const memberScan = 2_400;

export interface DocumentRules {
  readonly limits: QueryLimits;
  readonly introspection: boolean;
  /** Refuses documents with more than one mutation at the root. */
  readonly oneMutation: boolean;
}

/**
 * Refuses, before anything runs, documents that are too long, use too many aliases or do what this face does not allow.
 */
export function documentRules({ limits, introspection, oneMutation }: DocumentRules): Plugin {
  const { tokens, aliases } = limits;
  const rules = [
    maxAliasesRule({ n: aliases, onReject: [() => reject("TOO_MANY_ALIASES", `aliases: at most ${aliases}`)] }),
  ];
  return {
    onPluginInit({ addPlugin }) {
      addPlugin(
        maxTokensPlugin({ n: tokens, onReject: [() => reject("TOO_MANY_TOKENS", `tokens: at most ${tokens}`)] }),
      );
    },
    onValidate({ addValidationRule }) {
      for (const rule of rules) addValidationRule(rule);
      addValidationRule(shortNames);
      if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule);
      if (oneMutation) addValidationRule(oneMutationRule);
    },
  };
}

/** The error of a document that is too deep, too broad or too costly. */
export const tooMuch: ComplexityErrorFn = (kind, result) => {
  const word = measures[kind];
  const max = result[`max${kind}`];
  return new GraphQLError(
    `The ${word} of this document is ${result[word]}; at most ${max} is allowed. Ask for less, or in several requests.`,
    { extensions: { code: `QUERY_${word.toUpperCase()}` } },
  );
};

const measures = { Depth: "depth", Breadth: "breadth", Complexity: "complexity" } as const;

function reject(code: string, what: string): never {
  throw new GraphQLError(`This document has too many ${what} are allowed.`, { extensions: { code } });
}

/** A name comes back as a key of the answer, or in what is said of it. */
const longestName = 200;

function shortNames(context: ValidationContext): ASTVisitor {
  return {
    Name(name) {
      if (name.value.length <= longestName) return;
      const message = `A name of this document is longer than ${longestName} characters.`;
      context.reportError(new GraphQLError(message, { nodes: name, extensions: { code: "NAME_TOO_LONG" } }));
    },
  };
}

function oneMutationRule(context: ValidationContext): ASTVisitor {
  let mutations = 0;
  return {
    OperationDefinition(operation) {
      if (operation.operation !== "mutation") return;
      mutations += countRootFields(context, operation.selectionSet, new Set());
      if (mutations <= 1) return;
      const message = "A document may hold one mutation here; send each in a request of its own.";
      context.reportError(new GraphQLError(message, { nodes: operation, extensions: { code: "ONE_MUTATION_ONLY" } }));
    },
  };
}

function countRootFields(context: ValidationContext, { selections }: SelectionSetNode, path: Set<string>): number {
  let count = 0;
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) count += selection.name.value === "__typename" ? 0 : 1;
    else if (selection.kind === Kind.INLINE_FRAGMENT) count += countRootFields(context, selection.selectionSet, path);
    else {
      const name = selection.name.value;
      const fragment = context.getFragment(name);
      // A fragment spread twice is merged by GraphQL; counted once here, too, which also ends cycles.
      if (!fragment || path.has(name)) continue;
      path.add(name);
      count += countRootFields(context, fragment.selectionSet, path);
    }
  }
  return count;
}
