import type { Context } from "../../context.ts";
import { subjectOf } from "../../transition/audit.ts";
import { type AuditFilter, listAudit } from "../../transition/audit-list.ts";
import { nounOfType } from "../../transition/subject.ts";
import { connectionField } from "../kit/connection.ts";
import { faultAt, rowOfInput } from "../kit/ids.ts";
import { AuditEntryType } from "../transition/history.ts";
import { AuditKind } from "./audit-filter.ts";
import { OperatorType } from "./operator.ts";
import { AccessTokenType } from "./token.ts";
import { ActorKindEnum } from "./viewer.ts";

connectionField("Query", "audit", AuditEntryType, {
  description:
    "Who did what, newest first, kept for ever. Operators of a shop read what was done to what is their shop's. A " +
    "page may hold fewer than asked and still have a next one. `GET /audit/entries.csv` takes the same out as a file.",
  scopes: { role: "viewer" },
  args: (arg) => ({
    subjectId: arg.globalID({ description: "Only what was done to this, of any type that has a history." }),
    kind: arg({ type: AuditKind, description: "Only what was done to things of this kind." }),
    operatorId: arg.globalID({ for: OperatorType, description: "Only by this person." }),
    tokenId: arg.globalID({ for: AccessTokenType, description: "Only with this token." }),
    shop: arg.string({ description: "Only what was done to what is this shop's; empty: the company's own." }),
    actorShop: arg.string({ description: "Only by operators of this shop; empty: by who works for all." }),
    actorKind: arg({ type: ActorKindEnum, description: "Only by such callers." }),
    what: arg.string({ description: "Only where what was done holds this text; capitals of A–Z do not matter." }),
    since: arg({ type: "DateTime", description: "From this moment on." }),
    until: arg({ type: "DateTime", description: "Before this moment." }),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { after, limit, subjectId, kind, operatorId, tokenId, ...others }) => {
    const { shop, actorShop, actorKind, what, since, until } = others;
    const filter: AuditFilter = {
      subject: subjectId ? subjectOfId(ctx, subjectId) : undefined,
      noun: kind ?? undefined,
      operator: rowOfInput(operatorId),
      token: rowOfInput(tokenId),
      shop: shop ?? undefined,
      actorShop: actorShop ?? undefined,
      actorKind: actorKind ?? undefined,
      what: what?.trim() || undefined,
      since: since ?? undefined,
      until: until ?? undefined,
    };
    return listAudit(ctx, filter, { after, limit });
  },
});

/** What the audit calls the thing of an id. */
function subjectOfId({ domains }: Context, { typename, id }: { typename: string; id: string }): string {
  const noun = nounOfType(domains, typename);
  if (noun === undefined) throw faultAt("subjectId", `no history is kept of ${typename}`);
  return subjectOf(noun, id);
}
