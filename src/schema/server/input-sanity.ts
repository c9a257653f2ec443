import { type ASTNode, type ASTVisitor, GraphQLError, type ValidationContext } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Course } from "./live-stream.ts";

/** Levels of lists and objects in a request's variables; deeper ones would end the stack of whoever walks them. */
const deepest = 64;

/**
 * Refuses, before anything runs, texts that no part of the system could keep unchanged (a NUL character ends them in
 * SQLite, half of a surrogate pair has no UTF-8), and variables nested too deep. The refusal names the place.
 */
export const plainValues: Plugin<{ readonly course: Course }, { readonly course: Course }> = {
  onParams({ params, context }) {
    const fault = faultIn(params.variables);
    if (!fault) return;
    context.course.hasDocument = true;
    const path = fault.path.reverse().join(".");
    throw refusal(`variables.${path}: ${fault.message}`, { issues: [{ path, message: fault.message }] });
  },
  onValidate({ addValidationRule }) {
    addValidationRule(plainLiterals);
  },
};

interface Fault {
  /** From the inside out. */
  readonly path: string[];
  readonly message: string;
}

/** What is wrong with a request's variables, and where. */
export function faultIn(variables: unknown): Fault | undefined {
  return faultWithin(variables, deepest);
}

const notPlain = "holds a NUL character or half of a surrogate pair";

function faultWithin(value: unknown, levels: number): Fault | undefined {
  if (typeof value === "string") return isPlain(value) ? undefined : { path: [], message: notPlain };
  if (typeof value !== "object" || value === null) return undefined;
  if (levels === 0) return { path: [], message: `is nested deeper than ${deepest}` };
  for (const [key, part] of Object.entries(value)) {
    const fault = isPlain(key) ? faultWithin(part, levels - 1) : { path: [], message: `a name in it ${notPlain}` };
    if (fault) {
      fault.path.push(key.toWellFormed().slice(0, 100));
      return fault;
    }
  }
  return undefined;
}

function isPlain(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

function plainLiterals(context: ValidationContext): ASTVisitor {
  return {
    StringValue(node) {
      if (!isPlain(node.value)) context.reportError(refusal(`A text of this document ${notPlain}.`, {}, node));
    },
  };
}

function refusal(message: string, extensions: object, nodes?: ASTNode): GraphQLError {
  return new GraphQLError(message, { nodes: nodes ?? null, extensions: { code: "INVALID_INPUT", ...extensions } });
}
