/**
 * The channels Fanfare knows, as data. Everyone may import this file; it imports nothing.
 * The GraphQL enum, the zod enum, the page statements and the flow-control keys derive from it.
 */

/**
 * Where a channel finds a member: a column of `member`, or those of its push tokens that the channel's provider gave
 * out. Local channels need none.
 */
export type AddressKind = "email" | "phone" | "push" | "none";

export interface Limits {
  /** Recipients in one batch message. */
  readonly batch: number;
  /** Batches delivered at once, over all processes. */
  readonly parallelism: number;
  /** Batches started per second; absent = as fast as parallelism allows. */
  readonly ratePerSecond?: number;
}

export interface ChannelFacts {
  /** `local`: rows of our own database, written with the page. `external`: a provider's API, sent in batches. */
  readonly reach: "local" | "external";
  readonly address: AddressKind;
  /** What holds where a member has said nothing: `opt-out` sends, `opt-in` does not. */
  readonly consent: "opt-in" | "opt-out";
  /** Hours for which the provider recognises a repeated batch by its key; 0 = it never does. */
  readonly idempotentHours: number;
  readonly limits: Limits;
  /** Parts of a message. */
  readonly parts: Readonly<Record<string, Part>>;
  /** The longest payload of a message that the provider takes, in bytes of JSON. */
  readonly payloadBytes?: number;
  /** Messages that the provider keeps, where it keeps any: content may name one instead of writing parts. */
  readonly templates?: TemplateFacts;
  /** The part that goes out, and is paid for, in segments. */
  readonly segmented?: string;
  /** Messages carry a one-click unsubscribe link: in the envelope, and at the end of parts with a `footer`. */
  readonly unsubscribe?: true;
  /** What members know it by. */
  readonly title: Readonly<Record<"en" | "zh", string>>;
  readonly description: string;
}

/** One part of a message: a Liquid template. */
export interface Part {
  /** Its longest allowed source, in characters. */
  readonly max: number;
  readonly required: boolean;
  /** The most that its template may put out, in characters. */
  readonly rendered: number;
  /** The longest that the provider takes, in characters, where it says so. */
  readonly takes?: number;
  /** HTML: what a template puts out is escaped, and its links are followed through ours, which count clicks. */
  readonly html?: true;
  /** One line, as headers and titles are. */
  readonly line?: true;
  /** The most blanks in a row. */
  readonly blanks?: number;
  /** An address that an app opens: http(s), or of the app's own schemes. */
  readonly url?: true;
  /** Ends with the way to unsubscribe, on channels that have one. */
  readonly footer?: true;
  /** A text message, which by Chinese custom begins with its sender's signature and ends with a way out. */
  readonly signed?: true;
}

/** What a provider's own templates are called, and what their variables take. */
export interface TemplateFacts {
  readonly name: RegExp;
  /** What such a name is, in words. */
  readonly called: string;
  readonly variable: RegExp;
  /** The most variables of one. */
  readonly variables: number;
  /** What stands for a variable: a Liquid template. */
  readonly value: Part;
}

/** What holds for push notifications, through whichever provider. */
const push = {
  reach: "external",
  address: "push",
  consent: "opt-in",
  idempotentHours: 0,
  parts: {
    title: { max: 200, required: true, rendered: 4_000, line: true },
    body: { max: 2_000, required: true, rendered: 8_000 },
    url: { max: 2_000, required: false, rendered: 4_000, line: true, url: true },
  },
} as const;

/** A new channel goes to the end: pickers and sums show them in this order. */
export const channels = {
  IN_APP: {
    reach: "local",
    address: "none",
    consent: "opt-out",
    idempotentHours: 0,
    limits: { batch: 1000, parallelism: 8 },
    parts: {
      title: { max: 200, required: true, rendered: 4_000, takes: 500, line: true },
      body: { max: 10_000, required: true, rendered: 20_000 },
      url: { max: 2_000, required: false, rendered: 4_000, takes: 2_000, line: true, url: true },
    },
    title: { en: "Inbox of the app", zh: "站内信" },
    description: "The member's inbox in the shop's app.",
  },
  POPUP: {
    reach: "local",
    address: "none",
    consent: "opt-out",
    idempotentHours: 0,
    limits: { batch: 1000, parallelism: 8 },
    parts: {
      title: { max: 200, required: true, rendered: 4_000, takes: 500, line: true },
      body: { max: 10_000, required: true, rendered: 20_000 },
      url: { max: 2_000, required: false, rendered: 4_000, takes: 2_000, line: true, url: true },
    },
    title: { en: "Popup", zh: "弹窗" },
    description: "Shown once, when the member next opens the shop's app.",
  },
  EMAIL: {
    reach: "external",
    address: "email",
    consent: "opt-in",
    idempotentHours: 24,
    limits: { batch: 100, parallelism: 4, ratePerSecond: 2 },
    parts: {
      // RFC 5322, 2.1.1: the longest line of a header.
      subject: { max: 500, required: true, rendered: 4_000, takes: 998, line: true },
      html: { max: 200_000, required: true, rendered: 250_000, html: true, footer: true },
      text: { max: 100_000, required: false, rendered: 125_000, footer: true },
    },
    unsubscribe: true,
    title: { en: "E-mail", zh: "电子邮件" },
    description: "E-mail, through Resend.",
  },
  SMS: {
    reach: "external",
    address: "phone",
    consent: "opt-in",
    idempotentHours: 0,
    limits: { batch: 20, parallelism: 4, ratePerSecond: 5 },
    parts: { text: { max: 1_600, required: true, rendered: 10_000, takes: 1_600, signed: true } },
    // twilio.com/docs/content: what a value may be stands with the errors 21656 and 21658.
    templates: {
      name: /^HX[0-9a-fA-F]{32}$/,
      called: "the SID of a content template: HX and 32 hexadecimal digits",
      variable: /^\w{1,64}$/,
      variables: 100,
      value: { max: 1_600, required: true, rendered: 4_000, takes: 1_600, line: true, blanks: 4 },
    },
    segmented: "text",
    title: { en: "Text message", zh: "短信" },
    description: "Text message, through Twilio.",
  },
  PUSH: {
    ...push,
    limits: { batch: 50, parallelism: 4 },
    payloadBytes: 4_096,
    title: { en: "Push", zh: "推送通知" },
    description: "Push notification, through Firebase Cloud Messaging.",
  },
} as const satisfies Record<string, ChannelFacts>;

export type ChannelName = keyof typeof channels;
export type ExternalChannelName = {
  [K in ChannelName]: (typeof channels)[K]["reach"] extends "external" ? K : never;
}[ChannelName];
export type LocalChannelName = Exclude<ChannelName, ExternalChannelName>;

export const channelNames = Object.keys(channels) as [ChannelName, ...ChannelName[]];
export const externalNames = channelNames.filter(isExternal);

/** Channels that find members by push tokens; a token belongs to one of them. */
export const pushNames = channelNames.filter(isPush) as [PushChannelName, ...PushChannelName[]];
export type PushChannelName = {
  [K in ChannelName]: (typeof channels)[K]["address"] extends "push" ? K : never;
}[ChannelName];
/** Whose a push token is where nothing is said. */
export const usualPush: PushChannelName = "PUSH";

export function isExternal(name: ChannelName): name is ExternalChannelName {
  return channels[name].reach === "external";
}

export function isLocal(name: ChannelName): name is LocalChannelName {
  return channels[name].reach === "local";
}

function isPush(name: ChannelName): name is PushChannelName {
  return channels[name].address === "push";
}

/** The facts of a channel, widened to their interface. */
export function factsOf(name: ChannelName): ChannelFacts {
  return channels[name];
}

/** A value for each of these channels. */
export function byChannel<Name extends ChannelName, Value>(
  names: readonly Name[],
  valueFor: (name: Name) => Value,
): Readonly<Record<Name, Value>> {
  return Object.fromEntries(names.map((name) => [name, valueFor(name)])) as Record<Name, Value>;
}
