import type { GraphQLError } from "graphql";
import type { GraphQLParams } from "graphql-yoga";
import { shapeResult } from "./error-shape.ts";
import type { Face, FaceContext } from "./executor.ts";
import { faultIn } from "./input-sanity.ts";
import { readOperation } from "./operation-body.ts";
import { type Plan, planOf } from "./plan.ts";
import { jsonForm } from "./result-form.ts";
import { notTrusted, type TrustedDocument, type TrustedDocuments } from "./trusted-documents.ts";

/**
 * The fast lane: a request that names a trusted document is answered by that document's plan, without the road on which
 * any document may come. The lane only lets pass what is plainly right; whatever is not, from a body that does not
 * arrive to variables that do not fit, goes on to the face itself, which says what is wrong in the words it has for
 * everybody. Before it, token and rates were looked at as for every request.
 */
export interface LaneOptions {
  readonly face: Face;
  readonly documents: TrustedDocuments;
  /** Whether other documents are refused. */
  readonly only: boolean;
  /** Whether plans are used; without, trusted documents take the face's own road. */
  readonly isOpen: boolean;
  /** Counts what was asked for, and by which road. */
  readonly count?: ((document: string, road: Road) => void) | undefined;
}

export type Road = "lane" | "face";

/** Plans that are kept; each takes some 150 KB. */
const maxPlans = 500;

export function createLane({ face, documents, only, isOpen, count }: LaneOptions) {
  const planFor = keptPlans(face);

  return async (request: Request, context: FaceContext): Promise<Response> => {
    const operation = await readOperation(request, context.ctx.timers);
    const onFace = (params: GraphQLParams | GraphQLError) => face.fetch(request, { ...context, operation: params });
    if (operation instanceof Error) return onFace(operation);
    const document = documents.find(operation);
    if (document instanceof Error) return onFace(document);
    if (!document) return onFace(only && operation.query ? notTrusted : operation);

    const form = isOpen ? jsonForm(request.headers.get("accept")) : undefined;
    const plan = form && fits(operation) ? planFor(document, context) : undefined;
    const isNamed = plan && (operation.operationName ?? plan.operation) === plan.operation;
    const result = isNamed ? await plan.run(context, operation.variables ?? {}) : undefined;
    count?.(document.label, result ? "lane" : "face");
    if (!form || !result) return onFace(asText(operation, document));
    return face.answer(form, result.errors ? shapeResult(result, context) : result, context);
  };
}

/** Whether a request says nothing but what the lane understands. */
function fits(params: GraphQLParams): boolean {
  for (const name in params) if (!known.has(name)) return false;
  const { variables = null, operationName = null, extensions = null } = params;
  if (typeof variables !== "object" || Array.isArray(variables)) return false;
  if (typeof extensions !== "object" || Array.isArray(extensions)) return false;
  if (operationName !== null && typeof operationName !== "string") return false;
  return variables === null || !faultIn(variables);
}

const known = new Set(["documentId", "query", "variables", "operationName", "extensions"]);

/** The request as if it had brought the text. */
function asText(params: GraphQLParams & { documentId?: unknown }, { text }: TrustedDocument): GraphQLParams {
  const { documentId: _, ...others } = params;
  return { ...others, query: text };
}

/** Plans by their documents, those used last; a document that has none is not looked at twice. */
function keptPlans(face: Face): (document: TrustedDocument, context: FaceContext) => Plan | undefined {
  const plans = new Map<string, Plan | undefined>();
  return ({ id, text }, context) => {
    const isKnown = plans.has(id);
    const plan = isKnown ? plans.get(id) : planned(face, text, context);
    plans.delete(id);
    plans.set(id, plan);
    if (plans.size > maxPlans) for (const oldest of plans.keys().take(1)) plans.delete(oldest);
    return plan;
  };
}

function planned(face: Face, text: string, context: FaceContext): Plan | undefined {
  const document = face.read(text, context);
  return "faults" in document ? undefined : planOf(face.schema, document);
}
