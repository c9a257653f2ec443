import { nextCron } from "../../../cron/next-cron.ts";
import { type Rejection, reject } from "../rejection.ts";

/**
 * First time (epoch ms) after `after` that a cron expression names, in its `CRON_TZ` or UTC; undefined if it never
 * comes.
 */
export function nextTick(cron: string, after: number): number | undefined {
  const { expression, zone } = split(cron);
  return nextCron(expression, zone, after);
}

/** Says what is wrong with a cron expression: five fields, with `CRON_TZ=Zone ` before them where it is not UTC. */
export function cronFault(cron: string, now: number): Rejection | undefined {
  try {
    if (nextTick(cron, now) !== undefined) return undefined;
    return reject(400, `invalid cron expression "${cron}": it never comes due`);
  } catch (error) {
    return reject(400, `invalid cron expression "${cron}": ${error instanceof Error ? error.message : error}`);
  }
}

function split(cron: string): { expression: string; zone: string } {
  const [, zone = "UTC", expression = ""] = /^(?:CRON_TZ=(\S+)\s+)?(.*)$/s.exec(cron.trim()) ?? [];
  return { expression, zone };
}
