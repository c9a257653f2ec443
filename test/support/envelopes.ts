import { type AddressKind, type ExternalChannelName, factsOf } from "../../src/channels/catalog.ts";
import type { Envelope, SendBatch } from "../../src/channels/channel.ts";

const address: Readonly<Record<AddressKind, (member: number) => string>> = {
  email: (member) => `member${member}@shop.test`,
  phone: (member) => `+4479460${String(member).padStart(5, "0")}`,
  push: (member) => `token-${member}`,
  none: String,
};

/** A rendered message to one member of a run. */
export function envelope(channel: ExternalChannelName, member: number, changes: Partial<Envelope> = {}): Envelope {
  const facts = factsOf(channel);
  return { ref: `run1:${member}`, to: [address[facts.address](member)], parts: partsOf(channel), ...changes };
}

/** A batch to members `from` … `from + count - 1` with an id that no other batch has. */
export function batchOf(channel: ExternalChannelName, count: number, from = 1): SendBatch {
  return { id: Bun.randomUUIDv7(), envelopes: Array.from({ length: count }, (_, i) => envelope(channel, from + i)) };
}

/** Every part of the channel's messages. */
function partsOf(channel: ExternalChannelName): Record<string, string> {
  const parts = Object.entries(factsOf(channel).parts);
  return Object.fromEntries(parts.map(([name, { html }]) => [name, html ? "<p>Hello</p>" : (said[name] ?? "Hello")]));
}

const said: Readonly<Record<string, string>> = { body: "There is news", url: "https://shop.test/news" };
