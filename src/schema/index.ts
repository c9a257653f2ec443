import type { GraphQLSchema } from "graphql";
import { type Builder, builder } from "./kit/builder.ts";
import { appFace, operatorFace } from "./server/endpoints.ts";
// Each room declares its part of the schema on the builder when it is imported: one line a domain.
import "./kit/scalars.ts";
import "./kit/refusal.ts";
import "./member/index.ts";
import "./webhook/index.ts";
import "./promotion/index.ts";
import "./coupon/index.ts";
import "./checkout/index.ts";
import "./campaign/index.ts";
import "./operations/index.ts";

/** The two faces of the API. */
export interface Schemas {
  /** Everything; served at `/graphql`. */
  readonly operators: GraphQLSchema;
  /** What members may use; served at `/app`. */
  readonly app: GraphQLSchema;
}

/** Builds both faces; throws, naming the field, when one has no scope or when members could ask for what they may not read. */
export function buildSchemas(from: Builder = builder): Schemas {
  return { operators: operatorFace(from.toSchema()), app: appFace(from.toSchema({ face: "app" })) };
}
