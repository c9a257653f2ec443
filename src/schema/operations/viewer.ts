import type { Actor, Role, Scope } from "../../actor.ts";
import { builder } from "../kit/builder.ts";
import { lateEnum } from "../kit/late.ts";

export const RoleEnum = builder.enumType("Role", {
  description: "What an operator may do; each role may do what those before it may.",
  values: {
    VIEWER: { value: "viewer", description: "Read everything." },
    EDITOR: { value: "editor", description: "Change and launch, up to the size that needs approval." },
    APPROVER: { value: "approver", description: "Approve what others made." },
    ADMIN: { value: "admin", description: "Manage tokens and settings." },
  } as const satisfies Record<Uppercase<Role>, { value: Role; description: string }>,
});

/** `orders:write` is ORDERS_WRITE. */
export const ServiceScope = lateEnum<Scope>("ServiceScope", "What a token of the shop's backend may do.", (domains) =>
  Object.fromEntries(
    domains
      .flatMap(({ scopes = {} }) => Object.entries(scopes))
      .map(([scope, description]) => [scope.toUpperCase().replaceAll(":", "_"), { value: scope, description }]),
  ),
);

export const ActorKindEnum = builder.enumType("ActorKind", {
  description: "Who can ask.",
  values: {
    OPERATOR: { value: "operator", description: "A person who runs promotions." },
    SERVICE: { value: "service", description: "The shop's backend." },
    MEMBER: { value: "member", description: "A member, through the shop's app." },
    SYSTEM: { value: "system", description: "A job of Fanfare itself." },
    ANONYMOUS: { value: "anonymous", description: "Nobody known: no credentials came along." },
  } as const satisfies Record<Uppercase<Actor["kind"]>, { value: Actor["kind"]; description: string }>,
});

const Viewer = builder.objectRef<Actor>("Viewer").implement({
  description: "Who you are, as far as your credentials say.",
  authScopes: { public: true },
  fields: (t) => ({
    kind: t.expose("kind", { type: ActorKindEnum, description: "What kind of caller you are." }),
    name: t.string({
      nullable: true,
      description: "An operator's name, a service's token's; a member's opaque id; null without credentials.",
      resolve: (actor) => nameOf(actor),
    }),
    role: t.field({
      type: RoleEnum,
      nullable: true,
      description: "Your role, when you are an operator.",
      resolve: (actor) => (actor.kind === "operator" ? actor.role : null),
    }),
    shop: t.string({
      nullable: true,
      description: "The only shop that you work for, when you are an operator; empty: all of them.",
      resolve: (actor) => (actor.kind === "operator" ? actor.shop : null),
    }),
    scopes: t.field({
      type: [ServiceScope],
      description: "What your service token allows; empty for others.",
      resolve: (actor) => (actor.kind === "service" ? actor.scopes : []),
    }),
  }),
});

builder.queryField("viewer", (t) =>
  t.field({
    type: Viewer,
    description: "Who you are: the way to try a token.",
    authScopes: { public: true },
    resolve: (_parent, _args, { ctx }) => ctx.actor,
  }),
);

function nameOf(actor: Actor): string | null {
  switch (actor.kind) {
    case "operator":
    case "service":
      return actor.name;
    case "member":
      return actor.id;
    case "system":
      return actor.job;
    case "anonymous":
      return null;
  }
}
