import { type ChannelName, channelNames } from "../../channels/catalog.ts";

/**
 * How the ledger tells of what a run gives: a row per member, as on a channel, so that sums, pausing, cancelling and
 * `whyMember` hold for it as they do for messages. It is none of the catalogue: nobody consents to it and no campaign
 * chooses it.
 */
export const rewardChannel = "COUPON" as const;

/** Everything that a run has rows for. */
export type LedgerChannel = ChannelName | typeof rewardChannel;
export const ledgerChannels = [...channelNames, rewardChannel] as const;

/** Those by which a run sends messages. */
export function messageChannels(channels: readonly LedgerChannel[]): ChannelName[] {
  return channels.filter((name): name is ChannelName => name !== rewardChannel);
}
