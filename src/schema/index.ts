import type { GraphQLSchema } from "graphql";
import { type Builder, builder } from "./builder.ts";
import { appFace, operatorFace } from "./faces.ts";
// Each file declares its part of the schema on the builder when it is imported: one line a domain.
import "./scalars.ts";
import "./refusal.ts";
import "./viewer.ts";
import "./token.ts";
import "./member.ts";
import "./import.ts";
import "./segment.ts";
import "./campaign.ts";
import "./run.ts";
import "./simulation.ts";
import "./why.ts";
import "./preview.ts";
import "./promotion.ts";
import "./pressure.ts";
import "./coupon.ts";
import "./coupon-template.ts";
import "./wallet.ts";
import "./coupon-notice.ts";
import "./settlement.ts";
import "./code-pool.ts";
import "./code-redeem.ts";
import "./inbox.ts";
import "./popup.ts";
import "./webhook.ts";
import "./queue-status.ts";
import "./queue-flow.ts";
import "./queue-message.ts";
import "./dead-letter.ts";
import "./sandbox.ts";

/** The two faces of the API. */
export interface Schemas {
  /** Everything; served at `/graphql`. */
  readonly operators: GraphQLSchema;
  /** What members may use; served at `/app`. */
  readonly app: GraphQLSchema;
}

let ours: Schemas | undefined;

/**
 * Builds both faces; throws, naming the field, when one has no scope or when members could ask for what they may not read. They hold
 * nothing of an app, so that a process builds its own once.
 */
export function buildSchemas(from: Builder = builder): Schemas {
  if (from !== builder) return facesOf(from);
  ours ??= facesOf(builder);
  return ours;
}

function facesOf(from: Builder): Schemas {
  return { operators: operatorFace(from.toSchema()), app: appFace(from.toSchema({ face: "app" })) };
}
