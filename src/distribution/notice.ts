import { z } from "zod";
import { Content } from "../campaign/content/content.ts";
import { channelNames } from "../channels/catalog.ts";
import { plainText } from "../value/plain-text.ts";

/** How those are told who get a coupon. */
export const Notice = z.strictObject({
  channels: z.array(z.enum(channelNames)).min(1),
  topic: plainText(60).default("coupons"),
  reach: z.enum(["EACH", "FIRST_REACHABLE"]).default("EACH"),
  /** Own words; where a channel has none, the house's. */
  content: Content.default({}),
});
export type Notice = z.output<typeof Notice>;
