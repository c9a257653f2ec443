import type { Context } from "../../context.ts";
import { type AuditEntry, historyLimit, historyOf, subjectOf } from "../../transition/audit.ts";
import { builder } from "../kit/builder.ts";

const AuditEntryType = builder.objectRef<AuditEntry>("AuditEntry").implement({
  description: "Something that was done to a thing.",
  authScopes: { role: "viewer" },
  fields: (t) => ({
    what: t.exposeString("what", { description: "What, in words; of a transition, the state that it led to." }),
    from: t.exposeString("from", {
      nullable: true,
      description: "Before: the state, or of a fact that was changed, what it said; null where neither changed.",
    }),
    to: t.exposeString("to", { nullable: true, description: "After: the same." }),
    actor: t.exposeString("actor", { description: "Who did it, e.g. operator Kim, or a job." }),
    reason: t.exposeString("reason", { nullable: true, description: "Why, where a reason was given." }),
    at: t.expose("at", { type: "DateTime", description: "When." }),
  }),
});

/** The field `history` of things of a noun, whose rows are numbered. */
export function historyField(noun: string) {
  return {
    type: [AuditEntryType] as [typeof AuditEntryType],
    description: `Who did what to it, and why, newest first, at most ${historyLimit} entries.`,
    complexity: { field: 1, multiplier: 10 },
    resolve: ({ id }: { readonly id: number }, _args: object, { ctx }: { readonly ctx: Context }) =>
      historyOf(ctx, subjectOf(noun, id)),
  };
}
