import { and, eq, gt, inArray, isNull, sql } from "drizzle-orm";
import { z } from "zod";
import { type Context, withTransaction } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { isRefusal, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { auditChanges, changesBetween, subjectOf } from "../transition/audit.ts";
import { addressFault } from "./address.ts";
import { noted } from "./note.ts";
import { newSecret, oldSecretMs, seal } from "./secret.ts";
import { type Webhook, webhookTable } from "./table.ts";
import { toldTypes } from "./told.ts";

/** What an operator says of an endpoint. */
const WebhookDraft = z.strictObject({
  url: z.string().trim(),
  description: z.string().trim().max(500).default(""),
  /** Types of events; all, those that come later too, unless given. */
  types: z
    .array(z.string())
    .min(1, "name at least one, or leave it out for all")
    .transform((types) => [...new Set(types)])
    .nullable()
    .default(null),
  enabled: z.boolean().default(true),
});
export type WebhookDraft = z.input<typeof WebhookDraft>;

/** An endpoint and the secret that its receiver checks signatures with: shown this once. */
export interface WebhookWithSecret {
  readonly webhook: Webhook;
  /** `whsec_…` */
  readonly secret: string;
}

/** Endpoints at most: every event costs a message for each. */
const mostWebhooks = 50;

/**
 * Adds an endpoint; it is told of what happens from now on. INVALID_INPUT names faults; CONFLICT when there are 50
 * already.
 */
export function createWebhook(ctx: Context, draft: WebhookDraft) {
  return withTransaction(ctx, async (tx) => {
    const checked = check(tx, draft);
    if ("code" in checked) return checked;
    const there = await tx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM webhook WHERE deleted_at IS NULL`);
    if ((there?.n ?? 0) >= mostWebhooks) return refuse.conflict(`There are ${mostWebhooks} endpoints already.`);
    const now = tx.clock();
    const secret = newSecret();
    const row = { ...checked, secret: seal(tx, secret), createdAt: now, updatedAt: now };
    const [made] = await tx.db.orm.insert(webhookTable).values(row).returning();
    if (!made) throw new Error("the insert answered no webhook");
    await tx.db.write([noted(tx, made.id, "created")]);
    return { webhook: shown(made), secret };
  });
}

/** Changes an endpoint; what is left out stays. Enabling it forgives its failures. */
export function updateWebhook(
  ctx: Context,
  { id, draft }: { readonly id: number; readonly draft: Partial<WebhookDraft> },
) {
  return withTransaction(ctx, async (tx) => {
    const before = await rowOf(tx, id);
    if (!before) return refuse.notFound("webhook", id);
    const { url, description, types, enabled } = before;
    const said = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
    const checked = check(tx, { url, description, types: types && [...types], enabled, ...said });
    if ("code" in checked) return checked;
    const fresh = checked.enabled && !enabled ? { failingSince: null } : {};
    const change = { ...checked, ...fresh, updatedAt: tx.clock() };
    const [row] = await tx.db.orm.update(webhookTable).set(change).where(eq(webhookTable.id, id)).returning();
    if (!row) return refuse.notFound("webhook", id);
    const changes = changesBetween(told(before), told(checked), ["url"]);
    await tx.db.write([
      ...(checked.enabled === enabled ? [] : [noted(tx, id, checked.enabled ? "enabled" : "disabled")]),
      ...auditChanges(tx, subjectOf("webhook", id), changes),
    ]);
    return shown(row);
  });
}

/** What is written down of its changes; an address may hold what nobody else should know, and is not quoted. */
const told = ({ url, description, types }: Pick<Webhook, "url" | "description" | "types">) => ({
  url,
  description,
  types,
});

/**
 * Gives an endpoint a new secret. The old one signs as well for 24 hours, so that its receiver can change over without
 * a gap.
 */
export function rotateWebhookSecret(ctx: Context, { id }: { id: number }) {
  return withTransaction(ctx, async (tx) => {
    const before = await rowOf(tx, id);
    if (!before) return refuse.notFound("webhook", id);
    const now = tx.clock();
    const secret = newSecret();
    const change = { secret: seal(tx, secret), oldSecret: before.secret, oldUntil: now + oldSecretMs, updatedAt: now };
    const [row] = await tx.db.orm.update(webhookTable).set(change).where(eq(webhookTable.id, id)).returning();
    if (!row) return refuse.notFound("webhook", id);
    await tx.db.write([noted(tx, id, "secret rotated")]);
    return { webhook: shown(row), secret };
  });
}

/** Removes an endpoint for good: it is told of nothing more, not even of what is on its way. */
export function deleteWebhook(ctx: Context, { id }: { id: number }) {
  return withTransaction(ctx, async (tx) => {
    const before = await rowOf(tx, id);
    if (!before) return refuse.notFound("webhook", id);
    const now = tx.clock();
    const gone = { enabled: false, secret: "", oldSecret: null, oldUntil: null, updatedAt: now, deletedAt: now };
    await tx.db.orm.update(webhookTable).set(gone).where(eq(webhookTable.id, id));
    await tx.db.write([noted(tx, id, "deleted")]);
    return { ...shown(before), enabled: false };
  });
}

/** Endpoints in the order in which they were added. */
export async function listWebhooks(
  ctx: Context,
  { after = 0, limit }: { after?: number | undefined; limit: number },
): Promise<Webhook[]> {
  const rows = await ctx.db.orm
    .select()
    .from(webhookTable)
    .where(and(gt(webhookTable.id, after), isNull(webhookTable.deletedAt)))
    .orderBy(webhookTable.id)
    .limit(limit);
  return rows.map(shown);
}

/** The endpoints of these ids in the order asked, `undefined` for those that are not there. */
export async function webhooksById(ctx: Context, ids: readonly number[]): Promise<(Webhook | undefined)[]> {
  const rows = await ctx.db.orm
    .select()
    .from(webhookTable)
    .where(and(inArray(webhookTable.id, [...ids]), isNull(webhookTable.deletedAt)));
  return inOrder(ids, rows.map(shown));
}

function check(ctx: Context, draft: WebhookDraft) {
  const parsed = parseInput(WebhookDraft, draft);
  if (isRefusal(parsed)) return parsed;
  const known = toldTypes(ctx);
  const strange = (parsed.types ?? []).flatMap((type, i) => (known.includes(type) ? [] : [`types.${i}`]));
  if (strange.length > 0) {
    return refuse.invalid(strange.map((path) => ({ path, message: "is no event that the shop can be told of" })));
  }
  const fault = addressFault(parsed.url, ctx.settings.httpsOnly);
  return fault ? refuse.invalid([{ path: "url", message: fault }]) : parsed;
}

type Row = typeof webhookTable.$inferSelect;

async function rowOf(ctx: Context, id: number): Promise<Row | undefined> {
  const [row] = await ctx.db.orm
    .select()
    .from(webhookTable)
    .where(and(eq(webhookTable.id, id), isNull(webhookTable.deletedAt)));
  return row;
}

/** Without the secrets, so that nothing downstream can show them. */
function shown({ secret: _, oldSecret: __, deletedAt: ___, ...webhook }: Row): Webhook {
  return webhook;
}
