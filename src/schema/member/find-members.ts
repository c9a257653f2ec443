import { findMembers, foundMost } from "../../member/find-members.ts";
import { builder } from "../kit/builder.ts";
import { MemberType } from "./member-type.ts";

const usual = 10;

builder.queryField("findMembers", (t) =>
  t.field({
    type: [MemberType],
    description:
      "Whom somebody at the desk may mean: members with exactly this e-mail address, phone number, `externalId`, " +
      "`publicId` or name first, then those whose `externalId`, e-mail address or name begins with it. See " +
      "`couponByCode`, too.",
    authScopes: { role: "viewer" },
    complexity: ({ first }) => ({ field: 5, multiplier: Math.min(first ?? usual, foundMost) }),
    args: {
      text: t.arg.string({ required: true, description: "What the member says; beginnings count from 3 signs on." }),
      first: t.arg.int({ description: `How many at most, 1–${foundMost}; ${usual} unless given.` }),
    },
    resolve: (_root, { text, first }, { ctx }) => findMembers(ctx, { text, limit: first ?? usual }),
  }),
);
