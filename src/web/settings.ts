import { z } from "zod";

/** `limit` requests in `periodSeconds`, and the variable that says so. */
export interface Rate {
  readonly limit: number;
  readonly periodSeconds: number;
  readonly setting: string;
}

/** How often may be asked, by what is asked and by whom. */
export interface RequestRates {
  /** `/app`, by address: generous, for many members share one. */
  readonly app: Rate;
  /** `/app`, by member. */
  readonly member: Rate;
  /** `/graphql` and files, by token. */
  readonly token: Rate;
  /** `/graphql` and files without valid credentials, by address. */
  readonly stranger: Rate;
  /** Tries to sign in to the playground, by address. */
  readonly signIn: Rate;
  /** Links in messages, by address. */
  readonly link: Rate;
}

/** What an installation sets of how it is spoken to. */
export interface WebSettings {
  readonly rates: RequestRates;
  /** Requests of one address that may be under way at once. */
  readonly inFlightPerAddress: number;
  /** Streams that one member or token may hold open. */
  readonly streamsPerCaller: number;
  /** Streams in all; unless set, what the process's descriptors have room for. */
  readonly streamsAtMost: number | undefined;
  /** Pages of these origins may use `/app`; `*` is any. */
  readonly appOrigins: readonly string[];
}

const rate = (setting: string, usual: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,4}$/, `requests/seconds, such as ${usual}`)
    .default(usual)
    .transform((text): Rate => {
      const [limit = 1, periodSeconds = 1] = text.split("/").map(Number);
      return { limit, periodSeconds, setting };
    });

const count = z.coerce.number().int().positive();

/** An origin as browsers send it: no path, no slash at its end. */
const isOrigin = (text: string) => text === "*" || /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@,]+$/.test(text);

export const webVariables = {
  RATE_APP_ADDRESS: rate("RATE_APP_ADDRESS", "600/10"),
  RATE_APP_MEMBER: rate("RATE_APP_MEMBER", "60/10"),
  RATE_GRAPHQL_TOKEN: rate("RATE_GRAPHQL_TOKEN", "3000/10"),
  RATE_GRAPHQL_ADDRESS: rate("RATE_GRAPHQL_ADDRESS", "300/10"),
  RATE_SIGN_IN: rate("RATE_SIGN_IN", "10/60"),
  RATE_LINKS: rate("RATE_LINKS", "300/10"),
  IN_FLIGHT_PER_ADDRESS: count.default(128),
  STREAMS_PER_CALLER: count.default(8),
  STREAMS_AT_MOST: count.optional(),
  APP_ORIGINS: z
    .string()
    .default("")
    .transform((text) => text.split(",").flatMap((one) => one.trim().replace(/\/$/, "").toLowerCase() || []))
    .refine((origins) => origins.every(isOrigin), "origins such as https://shop.example, separated by commas, or *"),
};

/** Reads them from their variables. */
export function webSettings(read: z.output<z.ZodObject<typeof webVariables>>): WebSettings {
  return {
    rates: {
      app: read.RATE_APP_ADDRESS,
      member: read.RATE_APP_MEMBER,
      token: read.RATE_GRAPHQL_TOKEN,
      stranger: read.RATE_GRAPHQL_ADDRESS,
      signIn: read.RATE_SIGN_IN,
      link: read.RATE_LINKS,
    },
    inFlightPerAddress: read.IN_FLIGHT_PER_ADDRESS,
    streamsPerCaller: read.STREAMS_PER_CALLER,
    streamsAtMost: read.STREAMS_AT_MOST,
    appOrigins: read.APP_ORIGINS,
  };
}
