import type { Context } from "../../context.ts";
import {
  dropsBetween,
  type ExpirySlot,
  expirySlots,
  forgetNotices,
  isHeld,
  slotMs,
} from "../../coupon/reminder/due.ts";
import { type NoticePolicy, noticePolicies, policyFor, usualLead } from "../../coupon/reminder/policy.ts";
import type { CouponTemplate } from "../../coupon/table.ts";
import { templatesById } from "../../coupon/template/template.ts";
import { launchNotice, skipNotice } from "./launch.ts";
import { leadMinutes } from "./policy.ts";

/** A drop's campaign is launched so long before members are told: the run then begins to the second. */
const armedMs = 2 * 60_000;
/** How long after its opening a drop may still be told of. */
const lateMs = 3_600_000;
const minuteMs = 60_000;

/**
 * Launches the reminders whose time has come: of drops, to those who asked; of coupons that expire, to those who hold
 * them.
 */
export async function sendDueNotices(ctx: Context): Promise<void> {
  const policies = await noticePolicies(ctx);
  await remindOfDrops(ctx, policies);
  await remindOfExpiry(ctx, policies);
  await forgetNotices(ctx);
}

async function remindOfDrops(ctx: Context, policies: readonly NoticePolicy[]): Promise<void> {
  const now = ctx.clock();
  const furthest = leadMinutes.DROP.to * minuteMs + armedMs;
  const due = await dropsBetween(ctx, now - lateMs, now + furthest);
  for (const template of await templatesById(ctx, due)) {
    if (template && template.opensAt !== null) {
      await remindOfDrop(ctx, policies, template, template.opensAt).catch(failed(ctx, template));
    }
  }
}

async function remindOfDrop(
  ctx: Context,
  policies: readonly NoticePolicy[],
  template: CouponTemplate,
  opensAt: number,
): Promise<void> {
  const now = ctx.clock();
  const policy = policyFor(policies, "DROP", template);
  const tellAt = opensAt - policy.lead;
  if (!policy.enabled || tellAt > now + armedMs) return;
  await launchNotice(ctx, {
    kind: "DROP",
    template,
    slot: 0,
    policy,
    audience: { couponReminder: { template: template.id } },
    startsAt: tellAt > now ? tellAt : null,
    endsAt: Math.min(template.closesAt ?? Number.POSITIVE_INFINITY, opensAt + lateMs),
  });
}

async function remindOfExpiry(ctx: Context, policies: readonly NoticePolicy[]): Promise<void> {
  const leads = policies.filter(({ kind }) => kind === "EXPIRY").map(({ lead }) => lead ?? 0);
  const slots = await expirySlots(ctx, ctx.clock() + Math.max(usualLead.EXPIRY, ...leads));
  const templates = await templatesById(
    ctx,
    slots.map(({ template }) => template),
  );
  for (const [i, slot] of slots.entries()) {
    const template = templates[i];
    if (template) await remindOfSlot(ctx, policies, template, slot).catch(failed(ctx, template));
  }
}

/** Those who had their coupon when members were to be told: whoever came by it later has just seen when it ends. */
async function remindOfSlot(
  ctx: Context,
  policies: readonly NoticePolicy[],
  template: CouponTemplate,
  found: ExpirySlot,
): Promise<void> {
  const { slot } = found;
  const policy = policyFor(policies, "EXPIRY", template);
  const end = slot + slotMs;
  const tellAt = end - policy.lead;
  if (tellAt > ctx.clock()) return;
  if (!policy.enabled || !(await isHeld(ctx, found, tellAt))) return skipNotice(ctx, { kind: "EXPIRY", ...found });
  const notice = { kind: "EXPIRY", template, slot } as const;
  const span = { after: moment(slot), until: moment(end), heldSince: moment(tellAt) };
  const audience = { couponExpiring: { template: template.id, ...span } };
  await launchNotice(ctx, { ...notice, policy, audience, startsAt: null, endsAt: end });
}

/** One template that cannot be told of must not keep the others from it. */
function failed({ log }: Context, { id }: CouponTemplate): (error: unknown) => void {
  return (error) => log("error", "coupon.notice_failed", { template: id, error });
}

function moment(ms: number): string {
  return new Date(ms).toISOString();
}
