import type { Language } from "./language.ts";

/** Who asks. */
export type Actor =
  | {
      readonly kind: "operator";
      /** Of the token. */
      readonly id: number;
      /** Of the person whose token it is. */
      readonly operator: number;
      /** The person's. */
      readonly name: string;
      /** The number of the only shop that the person works for; empty: all of them. */
      readonly shop: string;
      readonly role: Role;
    }
  | { readonly kind: "service"; readonly id: number; readonly name: string; readonly scopes: readonly Scope[] }
  | {
      readonly kind: "member";
      readonly seq: number;
      readonly id: string;
      readonly language?: Language;
      /** IANA; null or nothing: the shop's. */
      readonly timeZone?: string | null;
    }
  | { readonly kind: "system"; readonly job: string }
  | { readonly kind: "anonymous" };

/** Operators' roles; each may do what those before it may. */
export const roles = ["viewer", "editor", "approver", "admin"] as const;
export type Role = (typeof roles)[number];

/** What a service token may be allowed, e.g. `members:write`; domains name theirs in their manifests. */
export type Scope = `${string}:${string}`;

/** Whom an actor is compared by, where two have to be two: of operators the person, whichever token they come with. */
export function identityOf(actor: Actor): string {
  switch (actor.kind) {
    case "operator":
      return `operator/${actor.operator}`;
    case "service":
      return `service/${actor.id}`;
    case "member":
      return `member/${actor.seq}`;
    case "system":
      return `job/${actor.job}`;
    case "anonymous":
      return "nobody";
  }
}

/** The actor in words, for logs of who did what; names no member's address. */
export function describeActor(actor: Actor): string {
  switch (actor.kind) {
    case "operator":
      return `operator ${actor.name}`;
    case "service":
      return `service ${actor.name}`;
    case "member":
      return `member ${actor.id}`;
    case "system":
      return `job ${actor.job}`;
    case "anonymous":
      return "nobody";
  }
}
