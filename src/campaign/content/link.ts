import { z } from "zod";
import { channelNames } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { isSignature, signatureOf } from "../../web/signature.ts";

/** What a signed link in a message stands for. It holds ids only, never an address. */
const Link = z.discriminatedUnion("to", [
  z.object({ to: z.literal("url"), run: z.int(), channel: z.enum(channelNames), member: z.int(), url: z.url() }),
  z.object({
    to: z.literal("unsubscribe"),
    run: z.int(),
    channel: z.enum(channelNames),
    member: z.int(),
    topic: z.string(),
  }),
]);
export type Link = z.infer<typeof Link>;

/** The public address of a link: `/l/…` counts a click and goes on, `/u/…` shows a page that unsubscribes. */
export function linkUrl(ctx: Context, link: Link): string {
  const body = Buffer.from(JSON.stringify(link)).toString("base64url");
  return `${ctx.settings.publicUrl}/${link.to === "url" ? "l" : "u"}/${body}.${signatureOf(ctx, body)}`;
}

/**
 * A context whose links look like ours and lead nowhere: who looks at a message that is another's must not be able to
 * claim or unsubscribe in that name. Every kind of link is signed, so none can be forgotten.
 */
export function withDeadLinks(ctx: Context): Context {
  return { ...ctx, settings: { ...ctx.settings, linkSecret: ctx.id() } };
}

/** The link that a token stands for, if it is one of ours and whole. */
export function readLink(ctx: Context, token: string): Link | undefined {
  const [body = "", signature = ""] = token.split(".");
  if (!isSignature(signatureOf(ctx, body), signature)) return undefined;
  return Link.safeParse(parsed(Buffer.from(body, "base64url").toString())).data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
