import { sql } from "drizzle-orm";
import { compileAudience, liveMember } from "../../src/audience/audience.ts";
import { announcementsOf } from "../../src/campaign/announcement/announcements.ts";
import { listCapsPolicies } from "../../src/campaign/caps/policy.ts";
import { listInbox } from "../../src/campaign/inbox/inbox.ts";
import type { Context } from "../../src/context.ts";
import { noticePolicies } from "../../src/coupon/reminder/policy.ts";
import { countMembers } from "../../src/member/member-search.ts";
import { exportMember } from "../../src/member/privacy.ts";
import { listSegments } from "../../src/member/segment.ts";
import { listTokens } from "../../src/operations/token.ts";
import { listPromotions } from "../../src/promotion/promotion.ts";
import { historyOf, subjectOf } from "../../src/transition/audit.ts";
import { listDeliveries } from "../../src/webhook/delivery.ts";
import { listWebhooks } from "../../src/webhook/webhook.ts";
import { accepted } from "./shop.ts";
import { campaigns, offers, runs, simulations } from "./upgrade-campaigns.ts";
import { coupons, orders, pools, templates, wallets } from "./upgrade-coupons.ts";
import { all, countWhere, inOrder, lean } from "./upgrade-reading.ts";

// What can be read of a shop through its verbs, in plain values of these files' own: row ids, names, numbers, JSON.
// When a verb's words change, its reader is what follows; what the readers answer stays. What is not there is left out.

/** Every kind of thing that is read, by its name in the fixture's JSON. */
export const readers: Readonly<Record<string, (ctx: Context) => Promise<unknown>>> = {
  segments,
  campaigns,
  simulations,
  offers,
  runs,
  templates,
  pools,
  coupons,
  wallets,
  orders,
  promotions,
  "pressure policies": pressurePolicies,
  "notice policies": noticePoliciesRead,
  webhooks,
  tokens,
  inbox,
  "personal data": personalData,
};

/** Saved filters, and how many members each matches: found by an index, and one by one. */
async function segments(ctx: Context) {
  return inOrder(await listSegments(ctx, { limit: all }), async ({ id, name, filter }) => {
    const audience = accepted(ctx.audience.parse(filter));
    const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone, shop: "" };
    const walked = await countWhere(ctx, sql`${liveMember} AND ${compileAudience(audience, env)}`);
    return { id, name, filter, found: accepted(await countMembers(ctx, audience)), walked };
  });
}

async function promotions(ctx: Context) {
  return inOrder(await listPromotions(ctx, { limit: all }), async (promotion) => ({
    id: promotion.id,
    name: promotion.name,
    remark: promotion.remark,
    kind: promotion.kind,
    tiers: promotion.tiers,
    startsAt: promotion.startsAt,
    endsAt: promotion.endsAt,
    enabled: promotion.enabled,
    announcedBy: (await announcementsOf(ctx, [promotion.id])).get(promotion.id),
  }));
}

async function pressurePolicies(ctx: Context) {
  const found = await listCapsPolicies(ctx);
  return found.map(({ channel, perDay, perWeek, quietFrom, quietTo }) => {
    return { channel, perDay, perWeek, quietFrom, quietTo };
  });
}

async function noticePoliciesRead(ctx: Context) {
  const found = await noticePolicies(ctx);
  return found.map(({ kind, template, enabled, lead, channels, content }) => {
    return { kind, template, enabled, lead, channels, content };
  });
}

/** Endpoints, what was done to them, and how what they are told of stands. */
async function webhooks(ctx: Context) {
  return inOrder(await listWebhooks(ctx, { limit: 50 }), async (webhook) => {
    const deliveries = await listDeliveries(ctx, { webhook: webhook.id, limit: all });
    return {
      id: webhook.id,
      url: webhook.url,
      description: webhook.description,
      types: webhook.types,
      enabled: webhook.enabled,
      failingSince: webhook.failingSince,
      notes: (await historyOf(ctx, subjectOf("webhook", webhook.id))).map(({ what, actor }) => `${actor}: ${what}`),
      deliveries: deliveries.map(
        ({ type, state, attempts, status }) => `${type} ${state} ${attempts} ${status ?? "-"}`,
      ),
    };
  });
}

async function tokens(ctx: Context) {
  return inOrder(await listTokens(ctx, { limit: all }), async (token) => ({
    id: token.id,
    name: token.name,
    kind: token.kind,
    role: token.kind === "operator" ? token.role : null,
    scopes: token.kind === "service" ? token.scopes : null,
    revokedAt: token.revokedAt,
  }));
}

/** Two members of whom everything is read: one with orders, and one of the bazaar. */
const known = ["guest-30", "x5"];

async function seqsOf(ctx: Context): Promise<number[]> {
  const rows = await ctx.db.all<{ seq: number }>(sql`
    SELECT seq FROM member WHERE external_id IN (SELECT value FROM json_each(${JSON.stringify(known)}))
    ORDER BY seq DESC`);
  return rows.map(({ seq }) => seq);
}

/** Messages as the first of the two reads them. */
async function inbox(ctx: Context) {
  const [seq = 0] = await seqsOf(ctx);
  const found = await listInbox({ ...ctx, actor: { kind: "member", seq, id: known[0] ?? "" } }, { limit: all });
  return found.map(({ run, title, body, url, readAt }) => ({ run, title, body, url, readAt }));
}

/** All that is held about the two, orders without what they agreed on. */
async function personalData(ctx: Context) {
  const exports = (await seqsOf(ctx)).map(async (seq) => {
    const data = accepted(await exportMember(ctx, { seq }));
    return Object.fromEntries(
      Object.entries(sections).map(([name, fields]) => [
        wasCalled[name] ?? name,
        picked(data[name], fields.split(" ")),
      ]),
    );
  });
  return Promise.all(exports);
}

/** Sections that had another name then. */
const wasCalled: Readonly<Record<string, string>> = { caps: "pressure" };

/** The fields of each section of the export. */
const sections = {
  member:
    "id externalId email phone locale timeZone accountType level consecutiveActiveDays activeDaysLastMonth " +
    "totalSpend points birthday " +
    "registeredAt membershipEndsAt lastActiveAt attributes control",
  tags: "",
  pushTokens: "",
  consent: "channel topic granted source at",
  suppressions: "channel address reason at",
  coupons: "id template state source code at valid_from valid_to order_id used_at discount",
  couponReminders: "template at",
  sends: "campaign run channel state reason at progress",
  inbox: "run at read_at deleted_at",
  popups: "run at shown_at",
  caps: "channel day n",
  orders: "order_id state pay refunded locked_at redeemed_at ended_at",
};

function picked(value: unknown, fields: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((each) => picked(each, fields)).sort(byText);
  if (typeof value !== "object" || value === null) return value;
  const facts = new Map(Object.entries(value));
  return lean(Object.fromEntries(fields.map((field) => [field, facts.get(field)])));
}

/** Whatever order the database found them in. */
function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
