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
import { covers, declaredScopes, isForApp } from "./scopes.ts";

/**
 * The rules that every field follows: it has a scope, or the schema is not built; on the app's face it is
 * there only when members may use it; what only some of its type's readers may read is nullable; and a refusable
 * mutation answers faulty input with a refusal.
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
    const isOpen = (own === undefined || isForApp(own)) && (ofType === undefined || isForApp(ofType));
    if (this.options.face === "app" && !isOpen) return null;
    return own && ofType && !covers(own, ofType) ? forSome(field) : field;
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

/**
 * A field that not everyone who reads its type may read. It must not take the rest of the answer with it, so it is
 * nullable; and it is no error where something was done: whoever did it must hear that it is done.
 */
function forSome<Types extends SchemaTypes>(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
  if (!field.type.nullable) {
    throw new PothosSchemaError(
      `${field.parentType}.${field.name} is for some of those who read ${field.parentType}: it must be nullable`,
    );
  }
  const unauthorizedResolver: Unauthorized = (_parent, _args, _context, info, error) => {
    if (info.operation.operation === "mutation") return null;
    throw error;
  };
  return having(field, { pothosOptions: having(field.pothosOptions, { unauthorizedResolver }) });
}

/** The same with more to it; a spread would lose which of the kinds of fields it is for. */
function having<Config extends object>(config: Config, more: object): Config {
  return Object.assign({}, config, more);
}

type Unauthorized = (...call: [...Parameters<GraphQLFieldResolver<unknown, unknown>>, Error]) => null;

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
