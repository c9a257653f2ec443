import { join } from "node:path";
import { sql } from "drizzle-orm";
import { type App, startApp } from "../../src/app.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { type CampaignDraft, createCampaign } from "../../src/campaign/draft/campaign.ts";
import { claimCoupon } from "../../src/coupon/claim/claim.ts";
import type { TemplateDraft } from "../../src/coupon/template/draft.ts";
import { createTemplate } from "../../src/coupon/template/edit.ts";
import { activateTemplate } from "../../src/coupon/template/lifecycle.ts";
import { readEnv } from "../../src/env.ts";
import { isRefusal, type Refusal } from "../../src/errors.ts";
import { createPromotion, setEnabled } from "../../src/promotion/promotion.ts";
import { seedMembers } from "./member-seed.ts";
import { secret } from "./requests.ts";

/** How many members there are of each kind, in this order; all but claimants have a wallet, readers an inbox, too. */
export interface Crowd {
  readonly readers: number;
  /** Each is asked for once. */
  readonly newcomers: number;
  readonly claimants: number;
  /** Who ask for nothing. */
  readonly others?: number;
}

export interface SeededShop {
  /** The numbers of the templates that members claim: one that never runs out, one that has. */
  readonly open: number;
  readonly closed: number;
  /** An operator's token with the role admin. */
  readonly admin: string;
}

/**
 * Makes a shop by its own verbs, its coupons alone by one statement: wallets of 5; 10 templates to claim, of which 3
 * have an audience and one has run out; 2 promotions; 20 messages and 3 popups for every reader.
 */
export async function seedShop(dataDir: string, crowd: Crowd): Promise<SeededShop> {
  const asking = crowd.readers + crowd.newcomers + crowd.claimants;
  await seedMembers(join(dataDir, "fanfare.db"), asking + (crowd.others ?? 0));
  const settings = { DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "error", APPROVAL_ABOVE: "1000000000" };
  const app = await startApp(readEnv({ ...settings, MEMBER_JWT_SECRET: secret }));
  try {
    await app.ctx.db.write([sql`UPDATE member SET level = 1 WHERE seq <= ${crowd.readers}`]);
    await fillWallets(app, crowd.readers + crowd.newcomers);
    await enablePromotions(app);
    const templates = await openTemplates(app, asking);
    await fillInboxes(app);
    return { ...templates, admin: app.adminToken ?? "" };
  } finally {
    await app.stop();
  }
}

async function openTemplates(app: App, last: number): Promise<Pick<SeededShop, "open" | "closed">> {
  for (const n of [1, 2, 3, 4, 5]) await offer(app, { name: `For all ${n}` });
  for (const eligibility of [{ level: { gte: 1 } }, { not: { tag: { has: "staff" } } }, { level: { lte: 5 } }]) {
    await offer(app, { name: "For some", eligibility });
  }
  const open = await offer(app, { name: "Drop", stock: 1_000_000_000, perMember: 1_000 });
  const closed = await offer(app, { name: "Sold out", stock: 1 });
  const claimant = { ...app.ctx, actor: { kind: "member", seq: last, id: "last" } } as const;
  accepted(await claimCoupon(claimant, { template: closed, idempotencyKey: "the only one" }));
  return { open, closed };
}

const group = (name: string) => ({ stacking: { group: name, order: 0 } });
const held: readonly Partial<TemplateDraft>[] = [
  { name: "Alone" },
  { name: "From 100", kind: "FULL_REDUCTION", params: { spend: 10_000, off: 1_500, every: false }, ...group("a") },
  { name: "A tenth", kind: "DISCOUNT", params: { basisPointsOff: 1_000, cap: 2_000 }, ...group("b") },
  { name: "Small", params: { off: 300 }, ...group("c") },
  { name: "From 900", kind: "FULL_REDUCTION", params: { spend: 90_000, off: 9_000, every: false }, ...group("a") },
];

async function fillWallets(app: App, holders: number): Promise<void> {
  for (const draft of held) {
    const template = await offer(app, { issueMode: "SYSTEM", validity: { days: 30 }, ...draft });
    const now = app.ctx.clock();
    await app.ctx.db.write([
      sql`
        INSERT INTO coupon (member, template, number, source, counted, at, valid_from, valid_to)
        SELECT seq, ${template}, 1, 'ISSUE', 1, ${now}, ${now}, ${now + 30 * 86_400_000} FROM member
        WHERE seq <= ${holders}`,
      sql`UPDATE coupon_template SET issued = ${holders} WHERE id = ${template}`,
    ]);
  }
}

async function offer(app: App, draft: Partial<TemplateDraft>): Promise<number> {
  const usual = { name: "Bench", kind: "INSTANT", params: { off: 500 }, currency: "EUR" };
  const { id } = accepted(await createTemplate(app.ctx, { draft: { ...usual, ...draft } }));
  accepted(await activateTemplate(app.ctx, { id }));
  return id;
}

async function enablePromotions(app: App): Promise<void> {
  const rules = [
    {
      kind: "FULL_REDUCTION",
      tiers: [
        { spend: 5_000, off: 500 },
        { spend: 15_000, off: 2_000 },
      ],
    },
    { kind: "DISCOUNT", tiers: [{ spend: 30_000, basisPointsOff: 500 }] },
  ];
  for (const rule of rules) {
    const { id } = accepted(await createPromotion(app.ctx, { name: "Bench", currency: "EUR", rule }));
    accepted(await setEnabled(app.ctx, { id, enabled: true }));
  }
}

async function fillInboxes(app: App): Promise<void> {
  const said = { default: { title: "Hello {{ member.externalId }}", body: "A bench.", url: "https://shop.example/" } };
  const to = { name: "Bench", audience: { filter: { level: { gte: 1 } } } };
  const drafts: CampaignDraft[] = [
    ...Array.from({ length: 20 }, (): CampaignDraft => ({ ...to, channels: ["IN_APP"], content: { IN_APP: said } })),
    ...[1, 2, 3].map((popupPriority): CampaignDraft => {
      return { ...to, channels: ["POPUP"], content: { POPUP: said }, popupPriority };
    }),
  ];
  for (const draft of drafts) {
    const { id } = accepted(await createCampaign(app.ctx, draft));
    accepted(await launchCampaign(app.ctx, { id }));
  }
  const open = sql`SELECT 1 FROM run WHERE state <> 'COMPLETED' LIMIT 1`;
  while (await app.ctx.db.first(open)) await Bun.sleep(20);
}

function accepted<Answer>(answer: Answer): Exclude<Answer, Refusal> {
  if (isRefusal(answer)) throw new Error(`refused: ${JSON.stringify(answer)}`);
  return answer as Exclude<Answer, Refusal>;
}
