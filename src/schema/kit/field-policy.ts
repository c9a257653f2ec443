import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  PothosSchemaError,
  PothosValidationError,
  type SchemaTypes,
} from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";
import { refuse } from "../../errors.ts";
import { issuesOf } from "./issues.ts";
import { declaredScopes, isForApp } from "./scopes.ts";

/**
 * The rules that every field follows: it has a scope, or the schema is not built; on the app's face it is
 * there only when members may use it; and a refusable mutation answers faulty input with a refusal.
 */
export class HouseRules<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> | null {
    const own = declaredScopes(field.pothosOptions);
    const ofType = declaredScopes(this.buildCache.getTypeConfig(field.parentType).pothosOptions);
    if (!own && !ofType) {
      throw new PothosSchemaError(
        `${field.parentType}.${field.name} has no scope: nobody knows who may read it; it or its type needs authScopes`,
      );
    }
    if (this.options.face !== "app") return field;
    return (own === undefined || isForApp(own)) && (ofType === undefined || isForApp(ofType)) ? field : null;
  }

  override wrapArgMappers(
    resolver: GraphQLFieldResolver<unknown, Types["Context"], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (field.extensions?.refusals === undefined) return resolver;
    return async (...call) => {
      try {
        return await resolver(...call);
      } catch (error) {
        if (error instanceof PothosValidationError) return refuse.invalid(issuesOf(error));
        throw error;
      }
    };
  }
}

export const houseRules = "houseRules" as const;

SchemaBuilder.registerPlugin(houseRules, HouseRules);

declare global {
  namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      houseRules: HouseRules<Types>;
    }
    interface BuildSchemaOptions<Types extends SchemaTypes> {
      /** `app` leaves out whatever members may not use. */
      face?: "app";
    }
  }
}
