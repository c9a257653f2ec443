import type { Context } from "../../context.ts";
import { isSignature, signatureOf } from "../../web/signature.ts";

/**
 * What a claim link stands for: one claim of one member. Whoever has the link can make that claim and see its coupon,
 * nothing else.
 */
export interface ClaimLink {
  readonly template: number;
  /** The member's `seq`. */
  readonly member: number;
  /** From then on it does not work any more (ms); kept in whole minutes. */
  readonly until: number;
  /** The run whose message it stands in: what is claimed by it counts for that one. */
  readonly run?: number;
}

const minuteMs = 60_000;

/**
 * The public address of a claim link. Short, for text messages, and letters, digits and hyphens only, so that no
 * program cuts it off.
 */
export function claimUrl(ctx: Context, link: ClaimLink): string {
  return `${ctx.settings.publicUrl}/c/${claimLinkToken(ctx, link)}`;
}

/** The link without its address. The same link is always the same token. */
export function claimLinkToken(ctx: Context, { template, member, until, run }: ClaimLink): string {
  const parts = [template, member, Math.ceil(until / minuteMs), ...(run === undefined ? [] : [run])];
  const body = parts.map((n) => n.toString(36)).join("-");
  return `${body}-${sign(ctx, body)}`;
}

/** The link that a token stands for, if it is one of ours and whole; it may have expired. */
export function readClaimLink(ctx: Context, token: string): ClaimLink | undefined {
  const [, body = "", signature = ""] = /^((?:[0-9a-z]{1,11}-){2,3}[0-9a-z]{1,11})-([0-9a-f]{32})$/.exec(token) ?? [];
  if (!isSignature(sign(ctx, body), signature)) return undefined;
  const [template = 0, member = 0, minutes = 0, run] = body.split("-").map((text) => Number.parseInt(text, 36));
  return { template, member, until: minutes * minuteMs, ...(run === undefined ? {} : { run }) };
}

function sign(ctx: Context, body: string): string {
  return signatureOf(ctx, `claim/${body}`, "hex");
}
