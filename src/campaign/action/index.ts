import { z } from "zod";
import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { Issue } from "../../errors.ts";
import type { Content } from "../content/content.ts";
import { contentIssues } from "../content/content-issues.ts";
import { commonVariables } from "../content/variables.ts";
import { skipReasons } from "../ledger/skip-reason.ts";
import type { ActionChoice, Readiness } from "./action.ts";
import { announce } from "./announce.ts";
import type { Action, FrozenAction } from "./define.ts";
import { give } from "./give.ts";
import { invite } from "./invite.ts";
import { notify } from "./notify.ts";
import { remind } from "./remind.ts";

/** Everything that a campaign can do. Adding an action is a file and a line here. */
export const actions = [announce, give, invite, notify, remind] as const;

export type CampaignKind = (typeof actions)[number]["kind"];
export const campaignKinds: readonly CampaignKind[] = actions.map(({ kind }) => kind);
export const usualKind: CampaignKind = announce.kind;

/** Those that can do without a word. */
export const silentKinds = actions.filter(({ channels }) => channels === "optional").map(({ kind }) => kind);

/** The action of a kind. */
export function actionOf(kind: string): Action {
  const action = actions.find((each) => each.kind === kind);
  if (!action) throw new Error(`no campaign can be of the kind ${kind}`);
  return action;
}

/** Whether a campaign's run that is due may begin now. */
export function readinessOf(ctx: Context, choice: ActionChoice): Promise<Readiness> {
  return actionOf(choice.kind).ready(ctx, choice);
}

/** What a run would keep of a campaign's action now. */
export function freezeAction(ctx: Context, choice: ActionChoice): Promise<FrozenAction> {
  return actionOf(choice.kind).freeze(ctx, choice);
}

/** What a run kept. */
export function fromFrozen(stored: unknown): FrozenAction {
  return actionOf(z.object({ kind: z.string() }).parse(stored).kind).fromFrozen(stored);
}

/** What is wrong with a campaign's action and its messages on these channels. */
export async function messageIssues(
  ctx: Context,
  choice: ActionChoice,
  content: Content,
  channels: readonly ChannelName[],
): Promise<Issue[]> {
  const own = actionOf(choice.kind).content;
  const variables = { ...commonVariables, ...(own.known?.(choice) ?? own.variables) };
  return [...(await contentIssues(ctx, content, channels, variables)), ...(own.issues?.(content, channels) ?? [])];
}

/** What keeps a campaign's action from beginning: a wrong choice, else what its time would find. */
export async function startIssues(
  ctx: Context,
  campaign: ActionChoice & { readonly startsAt: number | null },
): Promise<Issue[]> {
  const { input } = actionOf(campaign.kind);
  const issues = await input.issues(ctx, campaign);
  if (issues.length > 0) return issues;
  return input.startIssues(ctx, campaign, Math.max(ctx.clock(), campaign.startsAt ?? 0));
}

const reasonTexts: Readonly<Record<string, string>> = Object.assign(
  {},
  skipReasons,
  ...actions.map((action) => action.skipReasons),
);

/** What a skip reason means. */
export function skipText(reason: string): string {
  return Object.hasOwn(reasonTexts, reason) ? (reasonTexts[reason] ?? "") : `It was skipped: ${reason}.`;
}
