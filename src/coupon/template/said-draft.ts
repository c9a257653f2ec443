import type { Context } from "../../context.ts";
import { type InvalidInput, isRefusal, refuse } from "../../errors.ts";
import { maxDays } from "./day-end.ts";
import { checkTemplate, type TemplateDraft } from "./draft.ts";
import { anyTime, columnsOf, type Validity } from "./validity.ts";

/** How validity was said before it had names, as callers may go on to do. Times are ms; null takes away. */
export interface OlderValidity {
  readonly validFrom?: number | null | undefined;
  readonly validTo?: number | null | undefined;
  /** Days of 24 hours. */
  readonly validDays?: number | null | undefined;
}

/** A draft, perhaps in older words. */
export type SaidDraft<Draft = TemplateDraft> = Draft & OlderValidity;

/**
 * A draft that says its validity by name, whichever way it was said; what older words leave out is as it was `before`.
 * INVALID_INPUT where they clash.
 */
export function inNewWords<Draft extends Partial<TemplateDraft>>(
  { validFrom, validTo, validDays, ...draft }: SaidDraft<Draft>,
  before: Validity = anyTime,
) {
  if ([validFrom, validTo, validDays].every((word) => word === undefined)) return draft;
  if (draft.validity !== undefined) return clash("validity", "is instead of `validFrom`, `validTo` and `validDays`");
  const validity = byName({ validFrom, validTo, validDays }, before);
  return isRefusal(validity) ? validity : { ...draft, validity };
}

/** A new draft in whichever words, checked. */
export function checkSaid(ctx: Pick<Context, "audience" | "clock">, said: SaidDraft) {
  const draft = inNewWords(said);
  return isRefusal(draft) ? draft : checkTemplate(ctx, draft);
}

function byName(older: OlderValidity, before: Validity): Validity | InvalidInput {
  const was = columnsOf(before);
  const { validFrom: from = was.validFrom, validTo: to = was.validTo } = older;
  const { validDays = was.validHours === null ? null : was.validHours / 24 } = older;
  if (validDays === null) {
    const isSilent = from === null && to === null && older.validDays === undefined;
    return isSilent ? before : { window: { from, to } };
  }
  if (from !== null || to !== null) return clash("validDays", "is instead of `validFrom` and `validTo`, not with them");
  if (older.validDays === undefined) return before;
  const isGood = Number.isInteger(validDays) && validDays >= 1 && validDays <= maxDays;
  return isGood ? { hours: validDays * 24 } : clash("validDays", `must be a whole number from 1 to ${maxDays}`);
}

function clash(path: string, message: string): InvalidInput {
  return refuse.invalid([{ path, message }]);
}
