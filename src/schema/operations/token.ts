import {
  type AccessToken,
  createToken,
  listTokens,
  type MadeToken,
  revokeToken,
  tokensById,
} from "../../operations/token.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { historyField } from "../transition/history.ts";
import { RoleEnum, ServiceScope } from "./viewer.ts";

const admins = { platform: "admin" } as const;

export const AccessTokenType = builder.node(builder.objectRef<AccessToken>("AccessToken"), {
  description: "A token that lets an operator or the shop's backend in. Its secret was shown once, when it was made.",
  authScopes: admins,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => tokensById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Whose it is or what for, 1–100 characters." }),
    operatorName: t.string({
      nullable: true,
      description: "The person whose it is, who may have several; null for a service.",
      resolve: (token) => (token.kind === "operator" ? token.operator.name : null),
    }),
    shop: t.string({
      nullable: true,
      description: "The only shop that the person works for; empty: all of them; null for a service.",
      resolve: (token) => (token.kind === "operator" ? token.operator.shop : null),
    }),
    role: t.field({
      type: RoleEnum,
      nullable: true,
      description: "An operator's role; null for a service.",
      resolve: (token) => (token.kind === "operator" ? token.role : null),
    }),
    scopes: t.field({
      type: [ServiceScope],
      description: "What a service may do; empty for an operator.",
      resolve: (token) => (token.kind === "service" ? token.scopes : []),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    history: t.field(historyField("token")),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it lost its power; null while it has it.",
    }),
  }),
});

const CreatedToken = builder.objectRef<MadeToken>("CreatedToken").implement({
  description: "A token just made.",
  authScopes: admins,
  fields: (t) => ({
    token: t.exposeString("token", { description: "The secret, shown this once: keep it now." }),
    record: t.expose("record", { type: AccessTokenType, description: "What is kept of it." }),
  }),
});

connectionField("Query", "tokens", AccessTokenType, {
  description: "Operators' and services' tokens in the order they were made, revoked ones too.",
  scopes: admins,
  cursor: (token) => token.id,
  list: listTokens,
});

refusable("createOperatorToken", {
  description:
    "Makes a token for a person. Where two have to agree, two persons have to: all tokens of one name are one " +
    "person's, who works for one shop or for all.",
  scopes: admins,
  result: CreatedToken,
  refusals: { CONFLICT: true },
  input: (t) => ({
    name: t.string({ required: true, description: "Whose it is or what for, 1–100 characters." }),
    operatorName: t.string({
      description:
        "The person's name, 1–100 characters, whatever its letters' case; the token's unless given. CONFLICT where " +
        "somebody was called so before.",
    }),
    role: t.field({ type: RoleEnum, required: true, description: "What that person may do." }),
    shop: t.string({
      description:
        "The number of the only shop that the person works for, at most 60 characters; of a new one, all unless " +
        "given. CONFLICT where it is another.",
    }),
  }),
  resolve: ({ operatorName, shop, ...input }, ctx) =>
    createToken(ctx, {
      kind: "operator",
      ...input,
      operator: operatorName ?? undefined,
      shop: shop ?? undefined,
    }),
});

refusable("createServiceToken", {
  description: "Makes a token for the shop's backend.",
  scopes: admins,
  result: CreatedToken,
  refusals: { CONFLICT: true },
  input: (t) => ({
    name: t.string({ required: true, description: "What it is for, 1–100 characters." }),
    scopes: t.field({ type: [ServiceScope], required: true, description: "What it may do; at least one." }),
  }),
  resolve: (input, ctx) => createToken(ctx, { kind: "service", ...input }),
});

refusable("revokeToken", {
  description: "Takes a token's power away, within 5 seconds everywhere. The last admin's token cannot be revoked.",
  scopes: admins,
  result: AccessTokenType,
  refusals: { CONFLICT: true, NOT_FOUND: true },
  input: (t) => ({
    tokenId: t.globalID({ for: AccessTokenType, required: true, description: "Which one." }),
  }),
  resolve: ({ tokenId }, ctx) => revokeToken(ctx, toRowId(tokenId.id)),
});
