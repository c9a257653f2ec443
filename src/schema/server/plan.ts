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
import { compileQuery, isCompiledQuery } from "graphql-jit";
import { isPromise } from "graphql-yoga";
import type { GraphqlContext } from "../kit/graphql-context.ts";

/** Runs a document for one request: the answer, or nothing where the variables do not fit, and nothing was run. */
export interface Plan {
  /** The name of its one operation. */
  readonly operation: string | undefined;
  run(context: GraphqlContext, variables: Readonly<Record<string, unknown>>): Answer | Promise<Answer>;
}

type Answer = ExecutionResult | undefined;

/**
 * The plan of a validated document: compiled to code, or carried out step by step where a variable's type refers to
 * itself, which the compiler would follow without an end. None for subscriptions, nor where not one operation stands
 * alone.
 */
export function planOf(schema: GraphQLSchema, document: DocumentNode): Plan | undefined {
  const [operation, ...others] = document.definitions.filter(isOperation);
  if (!operation || others.length > 0 || operation.operation === "subscription") return undefined;
  const run = refersToItself(schema, operation) ? interpreted(schema, document) : compiled(schema, document);
  // A null instead of a default may stand in some places and not in others; the compiler lets it stand in all.
  const defaulted = (operation.variableDefinitions ?? []).filter(({ defaultValue }) => defaultValue !== undefined);
  const names = defaulted.map(({ variable }) => variable.name.value);
  return (
    run && {
      operation: operation.name?.value,
      run: (context, variables) =>
        names.some((name) => variables[name] === null) ? undefined : run(context, variables),
    }
  );
}

function isOperation(node: DocumentNode["definitions"][number]): node is OperationDefinitionNode {
  return node.kind === Kind.OPERATION_DEFINITION;
}

function interpreted(schema: GraphQLSchema, document: DocumentNode): Plan["run"] {
  return (contextValue, variableValues) => {
    const answer = execute({ schema, document, contextValue, variableValues });
    return isPromise(answer) ? answer.then(unlessUnread) : unlessUnread(answer);
  };
}

function compiled(schema: GraphQLSchema, document: DocumentNode): Plan["run"] | undefined {
  const code = compileQuery(schema, document, undefined, { disablingCapturingStackErrors: true });
  if (!isCompiledQuery(code)) return undefined;
  const source = document.loc?.source;
  const placed = (answer: ExecutionResult) => {
    const read = unlessUnread(answer);
    return read?.errors && source
      ? { ...read, errors: read.errors.map((error) => withPositions(error, source)) }
      : read;
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
