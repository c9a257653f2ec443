import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  PothosSchemaError,
  PothosValidationError,
  type SchemaTypes,
} from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";
import { refuse } from "../../errors.ts";
import { globalId } from "../../ids.ts";
import { issuesOf } from "./issues.ts";
import { covers, declaredScopes, isForApp } from "./scopes.ts";

/**
 * The rules that every field follows: it has a scope, or the schema is not built; on the app's face it is
 * there only when members may use it; what only some of its type's readers may read is nullable; and a refusable
 * mutation answers faulty input with a refusal. Of types that are `covered` the fields ask no scope but their own.
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
    const { covered } = this.options;
    const isOpen = (own === undefined || isForApp(own)) && (ofType === undefined || isForApp(ofType));
    if (this.options.face === "app" && !isOpen) return null;
    const asked = own && ofType && !covers(own, ofType) ? forSome(field) : field;
    return covered?.has(field.parentType) ? this.#unasked(asked) : asked;
  }

  /** A field of which the scopes of its type are not asked; what it merely passes on is read without a call. */
  #unasked(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { pothosExposedField: exposed } = field.extensions ?? {};
    const options = having(field.pothosOptions, { skipTypeScopes: true, skipInterfaceScopes: true });
    const resolve = exposed === field.name ? undefined : (this.#idOfNode(field) ?? field.resolve);
    return having(field, { pothosOptions: options, resolve });
  }

  /** The id of a node without the promise that the relay plugin makes for each. */
  #idOfNode({ name, parentType, resolve }: PothosOutputFieldConfig<Types>): Resolver<Types> | undefined {
    const rowOf = name === "id" ? rowOfNode(this.buildCache.getTypeConfig(parentType).pothosOptions) : undefined;
    if (!rowOf) return undefined;
    return (parent, ...rest) => {
      const row = rowOf(parent);
      const isPlain = typeof row === "number" || typeof row === "string";
      return isPlain ? globalId(parentType, row) : resolve?.(parent, ...rest);
    };
  }

  override wrapArgMappers(
    resolver: GraphQLFieldResolver<unknown, Types["Context"], object>,
    field: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (field.extensions?.refusals === undefined) return resolver;
    const refused = (error: unknown) => {
      if (error instanceof PothosValidationError) return refuse.invalid(issuesOf(error));
      throw error;
    };
    return (...call) => {
      try {
        const answer = resolver(...call);
        return answer instanceof Promise ? answer.catch(refused) : answer;
      } catch (error) {
        return refused(error);
      }
    };
  }
}

/** How a node says which row it is. */
function rowOfNode(options: object): ((node: unknown) => unknown) | undefined {
  const id = "id" in options ? options.id : undefined;
  const resolve = typeof id === "object" && id !== null && "resolve" in id ? id.resolve : undefined;
  return typeof resolve === "function" ? (node) => resolve(node) : undefined;
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

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types["Context"]>;
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
      /** The types whose scopes were passed by whoever gets such objects; see `covered.ts`. */
      covered?: ReadonlySet<string>;
    }
  }
}
