import { z } from "zod";
import { defineSettings } from "../settings-slice.ts";

const schemesOf = (text: string) =>
  text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
/** What runs programs or reads files where a link is opened is no scheme of an app. */
const isAppScheme = (name: string) =>
  /^[a-z][a-z0-9+.-]*$/.test(name) && !["javascript", "vbscript", "data", "file", "blob"].includes(name);

const count = z.coerce.number().int().positive();
const dayMs = 24 * 3_600_000;

/** What an installation sets of campaigns; every variable has a default. */
export const campaignSettings = defineSettings(
  "campaign",
  {
    PAGE_SIZE: count.max(10_000).default(1000),
    BATCH_WINDOW: count.max(10_000).default(200),
    LEASE_SECONDS: count.default(30),
    LEDGER_DAYS: count.default(400),
    INBOX_DAYS: count.default(180),
    INBOX_MAX: count.default(500),
    APPROVAL_ABOVE: z.coerce.number().int().nonnegative().default(100_000),
    APPROVAL_GROWTH_PERCENT: z.coerce.number().int().nonnegative().max(10_000).default(10),
    APP_LINK_SCHEMES: z
      .string()
      .default("")
      .refine((text) => schemesOf(text).every(isAppScheme), "names of an app's schemes such as myshop, with commas"),
    SMS_SEGMENT_PRICE: z
      .string()
      .regex(/^\d{1,6}(\.\d{1,6})? [A-Z]{3}$/, "an amount and a currency, such as 0.0079 USD")
      .optional(),
    SMS_SIGNATURE: z
      .string()
      .trim()
      .regex(/^[^【】\p{Cc}]{1,20}$/u, "at most 20 characters, without the 【】 that are put around it")
      .optional(),
  },
  (said): CampaignSettings => ({
    pageSize: said.PAGE_SIZE,
    batchWindow: said.BATCH_WINDOW,
    leaseMs: said.LEASE_SECONDS * 1000,
    ledgerKeepMs: said.LEDGER_DAYS * dayMs,
    inboxKeepMs: said.INBOX_DAYS * dayMs,
    inboxMax: said.INBOX_MAX,
    approvalAbove: said.APPROVAL_ABOVE,
    approvalGrowthPercent: said.APPROVAL_GROWTH_PERCENT,
    appLinkSchemes: schemesOf(said.APP_LINK_SCHEMES),
    smsSignature: said.SMS_SIGNATURE,
    smsSegmentPrice: said.SMS_SEGMENT_PRICE === undefined ? undefined : priceOf(said.SMS_SEGMENT_PRICE),
  }),
);

function priceOf(text: string): CampaignSettings["smsSegmentPrice"] {
  return { amount: Number.parseFloat(text), currency: text.slice(-3) };
}

export interface CampaignSettings {
  /** Matches per page of a run. */
  readonly pageSize: number;
  /** Unfinished batches per run and channel that may be in the queue. */
  readonly batchWindow: number;
  /** How long a batch is held by the delivery that sends it, in milliseconds; longer than any provider call. */
  readonly leaseMs: number;
  /** How long the rows of a finished run's ledger are kept, in milliseconds; its sums are kept for ever. */
  readonly ledgerKeepMs: number;
  /** How long messages and popups are kept for a member, in milliseconds, and how many of each at most. */
  readonly inboxKeepMs: number;
  readonly inboxMax: number;
  /** Launching to more members than this needs an approver who wrote none of it. */
  readonly approvalAbove: number;
  /** A start that reaches so many per cent more members than were agreed to needs one again. */
  readonly approvalGrowthPercent: number;
  /** Schemes of links, besides http and https, that the shop's app opens. */
  readonly appLinkSchemes: readonly string[];
  /** Who sends text messages in China, as it stands in their 【】; the shop's name unless it is said. */
  readonly smsSignature: string | undefined;
  /** What a segment of a text message costs, where the shop says so. */
  readonly smsSegmentPrice: { readonly amount: number; readonly currency: string } | undefined;
}
