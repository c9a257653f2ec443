import type { Context } from "../../context.ts";
import type { SendRow } from "../ledger/list-sends.ts";
import { type SendFilter, sendsOfMember, sendsOfRun } from "../ledger/list-sends.ts";
import { frozenRun } from "../run/frozen.ts";
import { findRun, type Run, runsById } from "../run/run.ts";
import { outcomeText } from "./outcome-text.ts";

/** A send, told to people: what became of one member on one channel of one run. */
export interface ToldSend extends SendRow {
  readonly words: string;
}

/** See {@link sendsOfMember}. */
export async function toldSendsOfMember(
  ctx: Context,
  input: Parameters<typeof sendsOfMember>[1],
): Promise<readonly ToldSend[]> {
  const rows = await sendsOfMember(ctx, input);
  const runs = await runsById(ctx, [...new Set(rows.map(({ run }) => run))]);
  return told(ctx, rows, runs);
}

/** See {@link sendsOfRun}. None of a run that has not begun. */
export async function toldSendsOfRun(
  ctx: Context,
  input: SendFilter & { readonly run: number; readonly after?: number | undefined; readonly limit: number },
): Promise<readonly ToldSend[]> {
  const run = await findRun(ctx, input.run);
  if (!run || run.startedAt === null) return [];
  const { maxSeq } = await frozenRun(ctx, run.id);
  return told(ctx, await sendsOfRun(ctx, { ...input, maxSeq }), [run]);
}

async function told(ctx: Context, rows: readonly SendRow[], runs: readonly (Run | undefined)[]): Promise<ToldSend[]> {
  const byId = new Map(runs.map((run) => [run?.id, run]));
  return Promise.all(
    rows.map(async (row) => {
      const { action } = await frozenRun(ctx, row.run);
      return { ...row, words: outcomeText(row, byId.get(row.run)?.state ?? "COMPLETED", action) };
    }),
  );
}
