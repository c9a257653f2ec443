/**
 * The one builder that every file of this folder declares its part of the schema on.
 *
 * A type, its fields scoped by the type (a field may ask for more):
 *
 *     export const CampaignType = builder.node(builder.objectRef<Campaign>("Campaign"), {
 *       description: "One promotion and how it reaches members.",
 *       authScopes: { role: "viewer" },
 *       // No `parse`: its type would be lost under exactOptionalPropertyTypes.
 *       id: { resolve: (campaign) => campaign.id },
 *       // In their order; undefined for what is not the actor's to see.
 *       loadMany: (ids, { ctx }) => campaignsById(ctx, ids.map(toRowId)),
 *       fields: (t) => ({ name: t.exposeString("name", { description: "Its name, 1–200 characters." }) }),
 *     });
 *
 * A query; a connection (see connection.ts); a mutation that may refuse (see refusable.ts):
 *
 *     builder.queryField("campaignCount", (t) =>
 *       t.int({
 *         description: "…",
 *         authScopes: { role: "viewer" },
 *         resolve: (_, _args, { ctx }) => countCampaigns(ctx),
 *       }),
 *     );
 *     connectionField("Query", "campaigns", CampaignType, {
 *       description: "Campaigns, newest first.",
 *       scopes: { role: "viewer" },
 *       args: (t) => ({ state: t.arg({ type: CampaignState, description: "Only those in this state." }) }),
 *       cursor: (campaign) => campaign.id,
 *       list: (ctx, { after, limit, state }) => listCampaigns(ctx, { after, limit, state }),
 *     });
 *     refusable("launchCampaign", {
 *       description: "Starts sending.",
 *       scopes: { role: "editor" },
 *       result: CampaignType,
 *       refusals: { NOT_FOUND: true, WRONG_STATE: true }, // the compiler says which ones the verb has
 *       input: (t) => ({ campaignId: t.globalID({ for: CampaignType, required: true, description: "Which one." }) }),
 *       resolve: ({ campaignId }, ctx) => launchCampaign(ctx, { id: toRowId(campaignId.id) }),
 *     });
 *
 * Nothing is readable by default: a field without a scope, its own or its type's, fails the build.
 * Scopes are alternatives: `{ role: "editor", service: "members:write" }` lets either in. `role` lets operators of a
 * shop in, too: the verb finds what is in their reach (see shop.ts); what belongs to no shop is for `platform`.
 * What `member` or `public` may see is also the schema of `/app`; the rest is not there at all.
 */
import SchemaBuilder, { type SchemaTypes } from "@pothos/core";
import complexity from "@pothos/plugin-complexity";
import dataloader from "@pothos/plugin-dataloader";
import relay from "@pothos/plugin-relay";
import scopeAuth from "@pothos/plugin-scope-auth";
import validation from "@pothos/plugin-validation";
import { GraphQLError, type GraphQLResolveInfo } from "graphql";
import type { Role, Scope } from "../../actor.ts";
import { houseRules } from "./field-policy.ts";
import type { GraphqlContext } from "./graphql-context.ts";
import { tooMuch } from "./query-limits.ts";
import { relayOptions } from "./relay-options.ts";
import { denial, mayPass, scopesOfField } from "./scopes.ts";

export interface SchemaShape {
  Context: GraphqlContext;
  AuthScopes: { role: Role; platform: Role; service: Scope; member: boolean; public: boolean };
  DefaultAuthStrategy: "any";
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string | number };
    /** Milliseconds since 1970 UTC inside, RFC 3339 outside. */
    DateTime: { Input: number; Output: number };
    BigInt: { Input: bigint; Output: number | bigint };
    JSON: { Input: unknown; Output: unknown };
  };
}

export type Builder = ReturnType<typeof createBuilder>;

/** All that the builder knows of its types, for helpers that take part of a declaration. */
export type Types = Builder extends PothosSchemaTypes.SchemaBuilder<infer T extends SchemaTypes> ? T : never;

/**
 * Makes a builder with the three root types; the product uses {@link builder}, tests of the house rules make their own.
 */
export function createBuilder() {
  const made = new SchemaBuilder<SchemaShape>({
    plugins: [houseRules, relay, scopeAuth, validation, dataloader, complexity],
    defaultFieldNullability: false,
    scopeAuth: {
      authorizeOnSubscribe: true,
      defaultStrategy: "any",
      authScopes: ({ ctx: { actor } }) => ({
        role: (role) => mayPass(actor, { role }),
        platform: (platform) => mayPass(actor, { platform }),
        service: (service) => mayPass(actor, { service }),
        member: mayPass(actor, { member: true }),
        public: true,
      }),
      unauthorizedError: (_parent, context, info) => unauthorized(context, info),
    },
    relay: relayOptions,
    complexity: { limit: ({ limits, isReckoned }) => (isReckoned ? {} : limits), complexityError: tooMuch },
  });
  made.queryType({ description: "What can be read." });
  made.mutationType({ description: "What can be done. Each answers its result, or a refusal that says why not." });
  made.subscriptionType({
    description:
      "What can be watched, as server-sent events: `next` events, then `complete`. What ends a stream from our side " +
      "is told in the errors of its last event: its credentials, e.g. `TOKEN_EXPIRED`, or `STOPPING`: ask again.",
  });
  return made;
}

function unauthorized({ ctx }: GraphqlContext, info: GraphQLResolveInfo): GraphQLError {
  const needed = scopesOfField(info.parentType.getFields()[info.fieldName], info.parentType);
  const { code, message } = denial(ctx.actor, needed, `${info.parentType.name}.${info.fieldName}`);
  return new GraphQLError(message, { extensions: { code } });
}

export const builder: Builder = createBuilder();
