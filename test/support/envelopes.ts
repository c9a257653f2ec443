import type { ExternalChannelName } from "../../src/channels/catalog.ts";
import type { Envelope, SendBatch } from "../../src/channels/channel.ts";

const content: Record<ExternalChannelName, Record<string, string>> = {
  EMAIL: { subject: "Hello", html: "<p>Hello</p>", text: "Hello" },
  SMS: { text: "Hello" },
  PUSH: { title: "Hello", body: "There is news", url: "https://shop.test/news" },
};

const address: Record<ExternalChannelName, (member: number) => string> = {
  EMAIL: (member) => `member${member}@shop.test`,
  SMS: (member) => `+4479460${String(member).padStart(5, "0")}`,
  PUSH: (member) => `token-${member}`,
};

/** A rendered message to one member of a run. */
export function envelope(channel: ExternalChannelName, member: number, changes: Partial<Envelope> = {}): Envelope {
  return { ref: `run1:${member}`, to: [address[channel](member)], parts: content[channel], ...changes };
}

/** A batch to members `from` … `from + count - 1` with an id that no other batch has. */
export function batchOf(channel: ExternalChannelName, count: number, from = 1): SendBatch {
  return { id: Bun.randomUUIDv7(), envelopes: Array.from({ length: count }, (_, i) => envelope(channel, from + i)) };
}
