import { openBeside } from "../kernel/disk.ts";
import type { Engine } from "../kernel/engine.ts";

/** Of which coupon templates nothing was left, and when: what "sold out" is held against. */
export interface FullTemplates {
  /** To be called after each commit. */
  look(): void;
  /** When nothing was left of it last, elapsed ms: forever, if nothing is left now. */
  lastFull(template: number): number;
}

/** Nothing is given of it: no stock, no budget for one more, or not yet opened again since there was neither. */
const fullNow = `SELECT id FROM coupon_template
  WHERE state = 'SOLD_OUT' OR issued >= stock OR reserved + spent + max_discount > budget`;

export function watchTemplates(file: string, engine: Engine): FullTemplates {
  const db = openBeside(file);
  const statement = db.prepare(fullNow);
  const version = db.prepare("PRAGMA data_version");
  let lookedAt: unknown;
  let full = new Set<number>();
  const until = new Map<number, number>();
  return {
    look() {
      // Most commits change nothing at all.
      const { data_version: now } = version.get() as { data_version: number };
      if (now === lookedAt) return;
      lookedAt = now;
      const next = new Set((statement.all() as { id: number }[]).map(({ id }) => id));
      for (const id of full) if (!next.has(id)) until.set(id, engine.elapsed);
      full = next;
    },
    lastFull: (template) => (full.has(template) ? Number.POSITIVE_INFINITY : (until.get(template) ?? -1)),
  };
}
