import type { ArgBuilder } from "@pothos/core";
import type { Context } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { findMember, type MemberKey } from "../../member/member.ts";
import type { Types } from "../kit/builder.ts";
import { faultAt, toRowId } from "../kit/ids.ts";
import { MemberType } from "./member-type.ts";

const words = {
  memberId: "The member; say either this or `externalId`.",
  externalId: "The member by the shop's own id; say either this or `memberId`.",
} as const;

/** The fields of an input by which an operator or a service names a member: exactly one of the two. */
export const memberFields = (t: PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">) => ({
  memberId: t.globalID({ for: MemberType, description: words.memberId }),
  externalId: t.string({ description: words.externalId }),
});

/** The same as arguments of a query. */
export const memberArgs = (arg: ArgBuilder<Types>) => ({
  memberId: arg.globalID({ for: MemberType, description: words.memberId }),
  externalId: arg.string({ description: words.externalId }),
});

/** What {@link memberFields} reads. */
export interface NamedMember {
  readonly memberId?: { readonly id: string } | null | undefined;
  readonly externalId?: string | null | undefined;
}

/** Which member is meant. Both or neither is a fault of the input, named with its place. */
export function memberKeyOf({ memberId, externalId }: NamedMember): MemberKey {
  const isExternal = typeof externalId === "string";
  if (memberId && !isExternal) return { seq: toRowId(memberId.id) };
  if (!memberId && isExternal) return { externalId };
  throw faultAt("memberId", "say either this or `externalId`");
}

/** The number of the member who is meant; NOT_FOUND where there is none of that name. */
export async function memberNamed(ctx: Context, named: NamedMember) {
  const key = memberKeyOf(named);
  if ("seq" in key) return key.seq;
  const member = await findMember(ctx, key);
  return member ? member.seq : refuse.notFound("member", "externalId" in key ? key.externalId : key.id);
}
