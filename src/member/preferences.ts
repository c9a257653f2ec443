import { sql } from "drizzle-orm";
import { type ChannelName, channelNames, factsOf } from "../channels/catalog.ts";
import type { Context } from "../context.ts";
import { liftNo, placesOn } from "./address-no.ts";
import { anyTopic } from "./consent.ts";
import { linkSaid } from "./link-consent.ts";
import { consentsOf, type Member, pushTokensOf } from "./member.ts";
import { consentSaid } from "./set-consent.ts";

/** Whether a member wants to hear of a topic on a channel; `*` is all that has no word of its own. */
export interface Preference {
  readonly channel: ChannelName;
  readonly topic: string;
  readonly granted: boolean;
}

const most = 50;

/** What a member can choose: on each channel that reaches her these topics, those she spoke of, and all others. */
export async function preferencesOf(ctx: Context, member: Member, topics: readonly string[]): Promise<Preference[]> {
  const { seq } = member;
  const words = (await consentsOf(ctx, [seq])).get(seq) ?? [];
  const spoken = words.map(({ topic }) => topic);
  const named = [...new Set([...topics, ...spoken])].filter((topic) => topic !== anyTopic).sort();
  const tokens = (await pushTokensOf(ctx, [seq])).get(seq) ?? [];
  const reaches = { email: member.email !== null, phone: member.phone !== null, none: true };
  const isReached = (channel: ChannelName) => {
    const { address } = factsOf(channel);
    return address === "push" ? tokens.some((token) => token.channel === channel) : reaches[address];
  };
  return channelNames.filter(isReached).flatMap((channel) => {
    const word = (about: string) => words.find((one) => one.channel === channel && one.topic === about)?.granted;
    const unsaid = word(anyTopic) ?? factsOf(channel).consent === "opt-out";
    return [...named.slice(0, most), anyTopic].map((topic) => ({ channel, topic, granted: word(topic) ?? unsaid }));
  });
}

/**
 * Writes down what a member chose, of what she was shown: only what differs. Who changes the word about all other
 * topics is taken at her word about each that was shown. On the channel whose message led here it counts for the
 * address, as every word of a link does; on the others for the member alone.
 */
export async function savePreferences(
  ctx: Context,
  member: Member,
  { before, chosen, linked }: { before: readonly Preference[]; chosen: readonly Preference[]; linked: ChannelName },
): Promise<void> {
  const differs = ({ channel, topic, granted }: Preference) =>
    before.some((one) => one.channel === channel && one.topic === topic && one.granted !== granted);
  const reset = new Set(chosen.filter((one) => one.topic === anyTopic && differs(one)).map(({ channel }) => channel));
  const said = chosen
    .filter((one) => differs(one) || reset.has(one.channel))
    .sort((one, other) => Number(other.topic === anyTopic) - Number(one.topic === anyTopic));
  if (said.length === 0) return;
  await ctx.db.write(
    said.flatMap((word) => (word.channel === linked ? linkSaid(ctx, member, word) : ownWord(ctx, member, word))),
  );
}

function ownWord(ctx: Context, member: Member, word: Preference) {
  const lifted = word.granted ? placesOn(ctx, member, word.channel) : [];
  return [
    ...consentSaid({ ...word, who: sql`m.seq = ${member.seq}`, source: "preferences", now: ctx.clock() }),
    ...(lifted.length > 0 ? [liftNo(lifted, word.topic)] : []),
  ];
}
