import type { Context } from "../../context.ts";
import { globalId, rowNumber } from "../../ids.ts";
import { type AuditEntry, historyLimit, historyOf, partsOf, subjectOf } from "../../transition/audit.ts";
import { builder } from "../kit/builder.ts";
import { mayLoad } from "../kit/relay-options.ts";

/** What an entry is about. */
interface AuditSubject {
  readonly noun: string;
  readonly key: string;
  /** Its type in GraphQL, where it has an id there. */
  readonly type: string | undefined;
}

function aboutWhat({ domains }: Pick<Context, "domains">, subject: string): AuditSubject {
  const { noun, key } = partsOf(subject);
  const known = domains.map(({ subjects = {} }) => subjects[noun]).find((each) => each !== undefined);
  return { noun, key, type: rowNumber(key) === undefined ? undefined : known?.type };
}

const idOf = ({ type, key }: AuditSubject) => (type === undefined ? null : globalId(type, key));

const AuditSubjectType = builder.objectRef<AuditSubject>("AuditSubject").implement({
  description: "What something was done to, whether it is still there or not.",
  authScopes: { role: "viewer" },
  fields: (t) => ({
    kind: t.exposeString("noun", { description: "What it is, e.g. `campaign`, `coupon-template`, `flow`." }),
    key: t.exposeString("key", { description: "Which one: its number, or its name where it has none." }),
    subjectId: t.id({
      nullable: true,
      description: "Its id, as `audit` takes it; null for what has none, such as a flow.",
      resolve: idOf,
    }),
    node: t.node({
      description: "The thing itself; null where it is gone, or not for you.",
      complexity: { field: 2, multiplier: 1 },
      id: (subject, _args, { ctx }, info) =>
        mayLoad(ctx.actor, info.schema.getType(subject.type ?? "")) ? idOf(subject) : null,
    }),
  }),
});

export const AuditEntryType = builder.objectRef<AuditEntry>("AuditEntry").implement({
  description: "Something that was done to a thing.",
  authScopes: { role: "viewer" },
  fields: (t) => ({
    id: t.id({
      description: "Unique over all types, opaque, stable.",
      resolve: ({ id }) => globalId("AuditEntry", id),
    }),
    subject: t.field({
      type: AuditSubjectType,
      description: "What it was done to.",
      resolve: ({ subject }, _args, { ctx }) => aboutWhat(ctx, subject),
    }),
    what: t.exposeString("what", { description: "What, in words; of a transition, the state that it led to." }),
    from: t.exposeString("from", {
      nullable: true,
      description:
        "Before: the state, or of a fact that was changed, what it said; null where neither changed, and for what is " +
        "long or personal.",
    }),
    to: t.exposeString("to", { nullable: true, description: "After: the same." }),
    actor: t.exposeString("actor", { description: "Who did it, e.g. operator Kim, or a job." }),
    token: t.exposeString("token", {
      nullable: true,
      description:
        "The name of the token that an operator or a service came with; null for others, and where nobody knows.",
    }),
    actorShop: t.exposeString("actorShop", {
      description: "The shop that the operator worked for then; empty: all of them, and for who is none.",
    }),
    shop: t.exposeString("shop", {
      description:
        "The shop that the thing belongs to; empty: the company itself. What belongs to none is the operator's.",
    }),
    reason: t.exposeString("reason", {
      nullable: true,
      description:
        "Why, where a reason was given; blanked when the member whom it is about is erased, or the coupon or order " +
        "forgotten.",
    }),
    at: t.expose("at", { type: "DateTime", description: "When." }),
  }),
});

/** The field `history` of things of a noun, whose rows are numbered. */
export function historyField(noun: string) {
  return historyOfRow<{ readonly id: number }>(noun, ({ id }) => id);
}

/** The same of things that have another number than `id`. */
export function historyOfRow<Row>(noun: string, numberOf: (row: Row) => number) {
  return {
    type: [AuditEntryType] as [typeof AuditEntryType],
    description: `Who did what to it, and why, newest first, at most ${historyLimit} entries.`,
    complexity: { field: 1, multiplier: 10 },
    resolve: (row: Row, _args: object, { ctx }: { readonly ctx: Context }) =>
      historyOf(ctx, subjectOf(noun, numberOf(row))),
  };
}
