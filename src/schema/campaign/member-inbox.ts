import { inboxOf, type ServedMessage, textsOf } from "../../campaign/inbox/member-inbox.ts";
import type { RenderedMessage } from "../../campaign/inbox/rendered-message.ts";
import { runsById } from "../../campaign/run/run.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { MemberType } from "../member/member-type.ts";
import { RunType } from "./run-type.ts";

const viewers = { role: "viewer" } as const;
/** What a message says may hold a code or a link that claims; those who may not act do not read it. */
const actors = { role: "editor" } as const;

const TextType = builder.objectRef<RenderedMessage>("MemberInboxText").implement({
  description: "What a message in an inbox says: plain text.",
  authScopes: actors,
  fields: (t) => ({
    title: t.exposeString("title", { description: "Its title." }),
    body: t.exposeString("body", { description: "Its text." }),
    url: t.exposeString("url", { nullable: true, description: "Where it leads, if anywhere." }),
  }),
});

const ServedMessageType = builder.objectRef<ServedMessage>("MemberInboxMessage").implement({
  description: "A message in a member's inbox, for those who serve the member.",
  authScopes: viewers,
  fields: (t) => ({
    run: t.loadable({
      type: RunType,
      description: "The run that it came from.",
      resolve: ({ run }) => run,
      load: async (ids: number[], { ctx }) =>
        (await runsById(ctx, ids)).map((run) => run ?? new Error("the run of a message is gone")),
    }),
    at: t.expose("at", { type: "DateTime", description: "When it came." }),
    readAt: t.expose("readAt", { type: "DateTime", nullable: true, description: "When it was read; null before." }),
    deletedAt: t.expose("deletedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the member took it out of the inbox; null while it is there.",
    }),
    text: t.loadable({
      type: TextType,
      nullable: true,
      authScopes: actors,
      description: "What it says to the member now; null for who may not act for members.",
      resolve: ({ member, run }) => `${member} ${run}`,
      load: async (keys: string[], { ctx }) => {
        const asked = keys.map((key) => key.split(" ").map(Number)).map(([member = 0, run = 0]) => ({ member, run }));
        return (await textsOf(ctx, asked)).map((text) => text ?? null);
      },
    }),
  }),
});

connectionField(MemberType, "inbox", ServedMessageType, {
  description: "The messages in the member's inbox, the newest first; null for who may not see it.",
  scopes: viewers,
  isForSome: true,
  cursor: ({ run }) => run,
  list: (ctx, page, { seq }) => inboxOf(ctx, { ...page, member: seq }),
});
