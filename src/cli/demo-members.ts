import type { Context } from "../context.ts";
import { isRefusal } from "../errors.ts";
import { upsertLimit, upsertMembers } from "../member/upsert.ts";
import type { ProgressBar } from "./progress.ts";

const names = ["Kim", "Alex", "Mei", "Noor", "Sam", "Lena", "Tariq", "Ines", "Wei", "Yuki"];
const locales = ["en", "de", "zh-CN", "fr", "es"];
const zones = ["America/New_York", "Europe/Berlin", "Asia/Shanghai", "Europe/Paris", "Europe/Madrid"];

/**
 * Adds sample members as a shop would send them, a thousand a call. As in life, some have no address, some never agreed
 * to e-mail, some share an address, and a few are in the control group.
 */
export async function addSampleMembers(ctx: Context, total: number, bar: ProgressBar): Promise<void> {
  for (let from = 1; from <= total; from += upsertLimit) {
    const upTo = Math.min(total, from + upsertLimit - 1);
    const items = Array.from({ length: upTo - from + 1 }, (_, i) => sampleMember(from + i));
    const outcomes = await upsertMembers(ctx, items);
    if (isRefusal(outcomes)) throw new Error(outcomes.message);
    bar.show(upTo, total, "");
  }
  bar.end();
}

function sampleMember(n: number) {
  const share = (every: number) => n % every === 0;
  const mailbox = share(97) ? n - 1 : n; // two members of one household, one mailbox
  return {
    externalId: `sample-${n}`,
    email: share(13) ? null : `member${mailbox}@example.com`,
    name: names[n % names.length],
    locale: locales[n % locales.length],
    timeZone: zones[n % zones.length],
    level: n % 5,
    totalSpend: (n * 7919) % 100_000,
    control: share(50),
    consent: share(7) ? [] : [{ channel: "EMAIL", granted: true }],
  };
}
