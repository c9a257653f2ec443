import type { GraphQLField, GraphQLNamedType } from "graphql";
import { type Actor, describeActor, type Role, roles, type Scope } from "../../actor.ts";

/** Who may use a field; any one of these is enough. */
export interface Scopes {
  /** An operator of this role or a later one. */
  readonly role?: Role;
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
      return scopes.role !== undefined && roles.indexOf(actor.role) >= roles.indexOf(scopes.role);
    case "service":
      return scopes.service !== undefined && actor.scopes.includes(scopes.service);
    case "member":
      return scopes.member === true;
    case "system":
    case "anonymous":
      return false;
  }
}

/** Whether the shop's app may see what has these scopes. */
export function isForApp(scopes: Scopes): boolean {
  return scopes.member === true || scopes.public === true;
}

/** Whether everyone who satisfies `some` satisfies `own`, too. */
export function covers(own: Scopes, some: Scopes): boolean {
  if (own.public) return true;
  if (some.public) return false;
  const isRole = (role: Role) => own.role !== undefined && roles.indexOf(own.role) <= roles.indexOf(role);
  return (
    (some.role === undefined || isRole(some.role)) &&
    (some.service === undefined || some.service === own.service) &&
    (!some.member || own.member === true)
  );
}

/** Why the actor may not, and what it would take. */
export function denial(actor: Actor, needed: Scopes, what: string): { code: string; message: string } {
  const words = `${what} needs ${inWords(needed)}`;
  if (actor.kind === "anonymous")
    return { code: "UNAUTHENTICATED", message: `${words}; send "Authorization: Bearer …".` };
  const role = actor.kind === "operator" ? ` (${actor.role})` : "";
  return { code: "FORBIDDEN", message: `${words}; you are ${describeActor(actor)}${role}.` };
}

function inWords(scopes: Scopes): string {
  const ways = [
    scopes.role && `an operator token of role ${scopes.role} or above`,
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
