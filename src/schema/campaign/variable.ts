import { contentPurposes } from "../../campaign/content/purposes.ts";
import { type ListedVariable, listVariables } from "../../campaign/content/variable-list.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { enumOf } from "../kit/enum.ts";

const viewers = { role: "viewer" } as const;

const purposes = Object.keys(contentPurposes) as (keyof typeof contentPurposes)[];
const ContentPurposeEnum = enumOf(
  "ContentPurpose",
  "What a text is written for: it decides what the text may say.",
  purposes,
  (purpose) => contentPurposes[purpose].about,
);

const ContentVariableType = builder.objectRef<ListedVariable>("ContentVariable").implement({
  description: "Something that a text may say, filled in for each of its readers.",
  authScopes: viewers,
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its name, e.g. `coupon.validUntil`." }),
    about: t.exposeString("about", { description: "What it says." }),
    usage: t.exposeString("usage", { description: "How it is written in a text (Liquid)." }),
    example: t.exposeString("example", { description: "What `usage` says to somebody who reads English in Berlin." }),
    channels: t.field({
      type: [ChannelEnum],
      description: "On which channels.",
      resolve: ({ channels }) => channels,
    }),
  }),
});

builder.queryField("contentVariables", (t) =>
  t.field({
    type: [ContentVariableType],
    description:
      "All that texts of a purpose may say. Figures and moments are written as the reader's locale has them, moments " +
      "in the reader's zone, words in Chinese or English. Anything else is refused when a text is saved.",
    authScopes: viewers,
    args: { purpose: t.arg({ type: ContentPurposeEnum, required: true, description: "What the text is for." }) },
    resolve: (_root, { purpose }, { ctx }) => listVariables(ctx, purpose),
  }),
);
