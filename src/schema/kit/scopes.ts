import type { GraphQLField, GraphQLNamedType } from "graphql";
import { type Actor, describeActor, type Role, roles, type Scope } from "../../actor.ts";
import { shopOf } from "../../shop.ts";

/** Who may use a field; any one of these is enough. */
export interface Scopes {
  /** An operator of this role or a later one; of a shop, too, whose verbs then find what is its own alone. */
  readonly role?: Role;
  /** An operator of this role or a later one who works for all shops: for what belongs to none of them. */
  readonly platform?: Role;
  /** A service token that carries this scope. */
  readonly service?: Scope;
  /** A member who signed in to the shop's app. */
  readonly member?: boolean;
  /** Anyone, even without credentials. */
  readonly public?: boolean;
}

/** Whether the actor satisfies at least one of the scopes. */
export function mayPass(actor: Actor, scopes: Scopes): boolean {
  if (scopes.public) return true;
  switch (actor.kind) {
    case "operator":
      return isAtLeast(actor.role, scopes.role) || (shopOf({ actor }) === "" && isAtLeast(actor.role, scopes.platform));
    case "service":
      return scopes.service !== undefined && actor.scopes.includes(scopes.service);
    case "member":
      return scopes.member === true;
    case "system":
    case "anonymous":
      return false;
  }
}

function isAtLeast(role: Role, needed: Role | undefined): boolean {
  return needed !== undefined && roles.indexOf(role) >= roles.indexOf(needed);
}

/** Whether the shop's app may see what has these scopes. */
export function isForApp(scopes: Scopes): boolean {
  return scopes.member === true || scopes.public === true;
}

/** Whether everyone who satisfies `some` satisfies `own`, too. */
export function covers(own: Scopes, some: Scopes): boolean {
  if (own.public) return true;
  if (some.public) return false;
  return (
    (some.role === undefined || isAtLeast(some.role, own.role)) &&
    (some.platform === undefined || isAtLeast(some.platform, own.role) || isAtLeast(some.platform, own.platform)) &&
    (some.service === undefined || some.service === own.service) &&
    (!some.member || own.member === true)
  );
}

/** Why the actor may not, and what it would take. */
export function denial(actor: Actor, needed: Scopes, what: string): { code: string; message: string } {
  const words = `${what} needs ${inWords(needed)}`;
  if (actor.kind === "anonymous")
    return { code: "UNAUTHENTICATED", message: `${words}; send "Authorization: Bearer …".` };
  return { code: "FORBIDDEN", message: `${words}; you are ${describeActor(actor)}${rightsOf(actor)}.` };
}

function rightsOf(actor: Actor): string {
  if (actor.kind !== "operator") return "";
  return actor.shop === "" ? ` (${actor.role})` : ` (${actor.role} of the shop ${JSON.stringify(actor.shop)})`;
}

function inWords(scopes: Scopes): string {
  const ways = [
    scopes.role && `an operator token of role ${scopes.role} or above`,
    scopes.platform && `an operator token of role ${scopes.platform} or above for all shops`,
    scopes.service && `a service token with ${scopes.service}`,
    scopes.member && "a member's token",
  ].filter((way) => way !== undefined && way !== false);
  return ways.join(", or ") || "credentials";
}

/** The scopes that a built field was declared with: its own, else its type's. */
export function scopesOfField(field: GraphQLField<unknown, unknown> | undefined, type: GraphQLNamedType): Scopes {
  return declaredScopes(field?.extensions.pothosOptions) ?? declaredScopes(type.extensions.pothosOptions) ?? {};
}

/** The scopes in a declaration's options, when it has any. */
export function declaredScopes(options: unknown): Scopes | undefined {
  if (typeof options !== "object" || options === null || !("authScopes" in options)) return undefined;
  const { authScopes } = options;
  if (authScopes === undefined) return undefined;
  if (typeof authScopes !== "object" || authScopes === null) throw new TypeError("scopes are declared, not computed");
  return Object.keys(authScopes).length > 0 ? authScopes : undefined;
}
