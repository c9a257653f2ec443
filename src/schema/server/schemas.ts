import type { GraphQLSchema } from "graphql";
import type { Domain } from "../../context.ts";
import { type Builder, builder } from "../kit/builder.ts";
import { coveredTypes } from "../kit/covered.ts";
import { declareLate } from "../kit/late.ts";
import "../kit/refusals.ts";
import "../kit/scalars.ts";
import { appFace, operatorFace } from "./endpoints.ts";

/** The two faces of the API. */
export interface Schemas {
  /** Everything; served at `/graphql`. */
  readonly operators: GraphQLSchema;
  /** What members may use; served at `/app`. */
  readonly app: GraphQLSchema;
}

let built: Schemas | undefined;

/**
 * Builds both faces from what the rooms of these domains have declared; throws, naming the field, when one has no scope
 * or when members could ask for what they may not read. They hold nothing of an app, so that a process builds them
 * once.
 */
export function buildSchemas(domains: readonly Domain[]): Schemas {
  declareLate(domains);
  built ??= facesOf(builder);
  return built;
}

/** Both faces of what was declared on a builder; throws as {@link buildSchemas} does. */
export function facesOf(from: Builder): Schemas {
  const inOurOrder = { sortSchema: false }; // a fifth of the work, and only what is printed is to be sorted
  const full = from.toSchema(inOurOrder);
  return {
    operators: operatorFace(full),
    app: appFace(from.toSchema({ ...inOurOrder, face: "app", covered: coveredTypes(full) })),
  };
}
