import type { ChannelName } from "../../channels/catalog.ts";
import type { Types } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { ContentInput, contentOf } from "./campaign-input.ts";
import { MessageType, messagesOf, ReachEnum } from "./campaign-type.ts";
import type { Fields } from "./draft-input.ts";

/** What says something with a push again and again: a policy, a plan. */
interface Standing {
  readonly push: Parameters<typeof messagesOf>[0] & {
    readonly topic: string;
    readonly channels: readonly ChannelName[];
    readonly reach: "EACH" | "FIRST_REACHABLE";
  };
}

/** How it is told what its campaigns say, and how they come. */
export const pushTold = <Said extends Standing>(t: PothosSchemaTypes.ObjectFieldBuilder<Types, Said>) => ({
  topic: t.string({ description: "What it is about; consent may depend on it.", resolve: ({ push }) => push.topic }),
  channels: t.field({
    type: [ChannelEnum],
    description: "How it reaches them, in order of preference.",
    resolve: ({ push }) => [...push.channels],
  }),
  reach: t.field({ type: ReachEnum, description: "What several channels mean.", resolve: ({ push }) => push.reach }),
  content: t.field({ type: [MessageType], description: "What it says.", resolve: ({ push }) => messagesOf(push) }),
});

/** How operators say the same; the topic is `topic` unless they say. */
export const pushFields = (t: Fields, topic: string) => ({
  topic: t.string({ description: `What it is about, 1–60 characters; \`${topic}\` unless given.` }),
  channels: t.field({ type: [ChannelEnum], required: true, description: "In order of preference." }),
  reach: t.field({ type: ReachEnum, description: "What several channels mean; `FIRST_REACHABLE` unless given." }),
  content: t.field({ type: [ContentInput], required: true, description: "What it says, by channel and language." }),
});

/** What was said by these fields. */
export interface PushSaid {
  topic?: string | null | undefined;
  channels: (typeof ChannelEnum.$inferInput)[];
  reach?: typeof ReachEnum.$inferInput | null | undefined;
  content: (typeof ContentInput.$inferInput)[];
}

/** The same in the domain's words. */
export function pushOf({ topic, channels, reach, content }: PushSaid) {
  return { ...(topic && { topic }), ...(reach && { reach }), channels: [...channels], content: contentOf(content) };
}
