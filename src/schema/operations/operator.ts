import {
  countOperators,
  type KnownOperator,
  listOperators,
  operatorsById,
  revokeOperator,
  updateOperator,
} from "../../operations/operator-desk.ts";
import { listTokens } from "../../operations/token.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { listArgs, listedOf } from "../kit/list-order.ts";
import { refusable } from "../kit/refusable.ts";
import { AuditEntryType, historyField } from "../transition/history.ts";
import { AccessTokenType } from "./token.ts";

const admins = { platform: "admin" } as const;

export const OperatorType = builder.node(builder.objectRef<KnownOperator>("Operator"), {
  description:
    "A person who works with Fanfare. Tokens belong to persons; where two have to agree, two persons have to.",
  authScopes: admins,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => operatorsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "What the person is called, 1–100 characters, unique." }),
    shop: t.exposeString("shop", { description: "The number of the only shop that the person works for; empty: all." }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When the first token was made for them." }),
    history: t.field(historyField("operator")),
  }),
});

connectionField(OperatorType, "tokens", AccessTokenType, {
  description: "The person's tokens in the order they were made, revoked ones too.",
  scopes: admins,
  cursor: ({ id }) => id,
  list: (ctx, { after, limit }, { id }) => listTokens(ctx, { operator: id, after, limit }),
});

connectionField("Query", "operators", OperatorType, {
  description: "The persons who work with Fanfare.",
  scopes: admins,
  args: (arg) => ({
    ...listArgs(arg),
    shop: arg.string({ description: "Only those of this shop; empty: those who work for all." }),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { after, limit, shop, ...listed }) =>
    listOperators(ctx, { ...listedOf(listed), shop: shop ?? undefined, after, limit }),
  count: (ctx, { shop, ...listed }) => countOperators(ctx, { ...listedOf(listed), shop: shop ?? undefined }),
});

builder.queryField("operator", (t) =>
  t.field({
    type: OperatorType,
    nullable: true,
    description: "One person; null when there is none.",
    authScopes: admins,
    args: { id: t.arg.globalID({ for: OperatorType, required: true, description: "Which one." }) },
    resolve: async (_root, { id }, { ctx }) => (await operatorsById(ctx, [toRowId(id.id)]))[0] ?? null,
  }),
);

refusable("updateOperator", {
  description:
    "Calls a person otherwise, or says that they work for another shop, or for all: that holds within 5 seconds " +
    "everywhere. CONFLICT where the name is or was another's, and for the last admin who works for all.",
  scopes: admins,
  result: OperatorType,
  refusals: { CONFLICT: true, NOT_FOUND: true },
  input: (t) => ({
    operatorId: t.globalID({ for: OperatorType, required: true, description: "Who." }),
    name: t.string({ description: "1–100 characters; as it is unless given." }),
    shop: t.string({ description: "At most 60 characters; empty: all of them; as it is unless given." }),
  }),
  resolve: ({ operatorId, name, shop }, ctx) =>
    updateOperator(ctx, { id: toRowId(operatorId.id), name: name ?? undefined, shop: shop ?? undefined }),
});

refusable("revokeOperator", {
  description:
    "Takes the power of all tokens of a person away, within 5 seconds everywhere. CONFLICT for the last admin who " +
    "works for all shops.",
  scopes: admins,
  result: OperatorType,
  refusals: { CONFLICT: true, NOT_FOUND: true },
  input: (t) => ({ operatorId: t.globalID({ for: OperatorType, required: true, description: "Whose." }) }),
  resolve: ({ operatorId }, ctx) => revokeOperator(ctx, { id: toRowId(operatorId.id) }),
});

builder.objectField(AccessTokenType, "operator", (t) =>
  t.field({
    type: OperatorType,
    nullable: true,
    description: "The person whose it is; null for a service.",
    resolve: async (token, _args, { ctx }) =>
      token.kind === "operator" ? ((await operatorsById(ctx, [token.operator.id]))[0] ?? null) : null,
  }),
);

builder.objectField(AuditEntryType, "operator", (t) =>
  t.field({
    type: OperatorType,
    nullable: true,
    description: "The person who did it; null where it was none, and where nobody knows which.",
    authScopes: admins,
    resolve: async ({ operator }, _args, { ctx }) =>
      operator === null ? null : ((await operatorsById(ctx, [operator]))[0] ?? null),
  }),
);
