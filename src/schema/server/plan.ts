import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  Kind,
  type OperationDefinitionNode,
  type Source,
  typeFromAST,
} from "graphql";
import { isPromise } from "graphql-yoga";
import { andThen } from "../../maybe-promise.ts";
import type { GraphqlContext } from "../kit/graphql-context.ts";
import { mergesUnderConditions } from "./merged-fields.ts";
import { reckonedOnce } from "./reckoned.ts";

/** Runs a document for one request. */
export interface Plan {
  /** The name of its one operation. */
  readonly operation: string | undefined;
  /**
   * The answer; nothing where the variables do not fit, so that nothing was run, nor for a query with several faults,
   * which may be asked once more: which of them are told is told in one place.
   */
  run(context: GraphqlContext, variables: Readonly<Record<string, unknown>>): Answer | Promise<Answer>;
}

type Answer = ExecutionResult | undefined;

/**
 * The plan of a validated document: compiled to code, or carried out step by step where a variable's type refers to
 * itself, which the compiler would follow without an end, or where fields meet under conditions, which the compiler
 * mixes up: it answers what was skipped. None for subscriptions, nor where not one operation stands alone.
 */
export function planOf(schema: GraphQLSchema, document: DocumentNode): Plan | undefined {
  const [operation, ...others] = document.definitions.filter(isOperation);
  if (!operation || others.length > 0 || operation.operation === "subscription") return undefined;
  const read = operation.operation === "query" ? unlessAskedAgain : unlessUnread;
  const isBeyondCompiler = refersToItself(schema, operation) || mergesUnderConditions(document);
  const run = isBeyondCompiler ? interpreted(schema, document, read) : compiled(schema, document, read);
  // A null instead of a default may stand in some places and not in others; the compiler lets it stand in all.
  const defaulted = (operation.variableDefinitions ?? []).filter(({ defaultValue }) => defaultValue !== undefined);
  const names = defaulted.map(({ variable }) => variable.name.value);
  const reckoned = reckonedOnce(schema, document);
  return (
    run && {
      operation: operation.name?.value,
      run: (context, variables) => {
        if (names.some((name) => variables[name] === null)) return undefined;
        return andThen(run(reckoned.for(context), variables), (answer) => {
          if (answer && !answer.errors) reckoned.good(context);
          return answer;
        });
      },
    }
  );
}

function isOperation(node: DocumentNode["definitions"][number]): node is OperationDefinitionNode {
  return node.kind === Kind.OPERATION_DEFINITION;
}

type Read = (result: ExecutionResult) => Answer;

function interpreted(schema: GraphQLSchema, document: DocumentNode, read: Read): Plan["run"] {
  return (contextValue, variableValues) => {
    const answer = execute({ schema, document, contextValue, variableValues });
    return isPromise(answer) ? answer.then(read) : read(answer);
  };
}

function compiled(schema: GraphQLSchema, document: DocumentNode, read: Read): Plan["run"] | undefined {
  // Without trusted documents nobody needs it, and a server that starts does not wait for it.
  const { compileQuery, isCompiledQuery }: typeof import("graphql-jit") = require("graphql-jit");
  const code = compileQuery(schema, document, undefined, { disablingCapturingStackErrors: true });
  if (!isCompiledQuery(code)) return undefined;
  const source = document.loc?.source;
  const placed = (result: ExecutionResult) => {
    const answer = read(result);
    return answer?.errors && source
      ? { ...answer, errors: answer.errors.map((error) => withPositions(error, source)) }
      : answer;
  };
  return (context, variables) => {
    const answer = code.query(undefined, context, variables);
    return isPromise(answer) ? answer.then(placed) : placed(answer);
  };
}

/** Errors without data are of variables that could not be read: whoever refuses them says it in full. */
function unlessUnread({ data, errors }: ExecutionResult): Answer {
  if (data === undefined) return undefined;
  return errors ? { errors, data } : { data };
}

/** A query with several faults has no answer here: which of those that end it are told, is not the same for all. */
function unlessAskedAgain(result: ExecutionResult): Answer {
  return result.errors && result.errors.length > 1 ? undefined : unlessUnread(result);
}

/** The compiler's errors know lines and columns alone; with positions they are as GraphQL makes them. */
function withPositions(error: GraphQLError, source: Source): GraphQLError {
  const { message, locations, path, originalError } = error;
  const starts = lineStarts(source.body);
  const positions = (locations ?? []).map(({ line, column }) => (starts[line - 1] ?? 0) + column - 1);
  return new GraphQLError(message, { source, positions, path: path ?? null, originalError: originalError ?? null });
}

function lineStarts(text: string): number[] {
  return [0, ...Array.from(text.matchAll(/\r\n|[\n\r]/g), (end) => end.index + end[0].length)];
}

function refersToItself(schema: GraphQLSchema, { variableDefinitions = [] }: OperationDefinitionNode): boolean {
  const leadsBack = (type: GraphQLInputType | undefined, above: readonly unknown[]): boolean => {
    const named = type && getNamedType(type);
    if (!isInputObjectType(named)) return false;
    const path = [...above, named];
    return above.includes(named) || Object.values(named.getFields()).some((field) => leadsBack(field.type, path));
  };
  return variableDefinitions.some(({ type }) =>
    leadsBack(typeFromAST(schema, type) as GraphQLInputType | undefined, []),
  );
}
