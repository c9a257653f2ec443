import type { App } from "../app.ts";
import type { Env } from "../env.ts";
import { mintMemberToken } from "../operations/member-token.ts";
import { memberTokenSettings } from "../settings.ts";
import type { ReadMail } from "./demo-mails.ts";
import type { OrderSummary } from "./demo-order.ts";
import type { DemoOutcome } from "./demo-run.ts";
import type { SaleSummary } from "./demo-sale.ts";
import { count } from "./progress.ts";

const columns = ["SENT", "SKIPPED", "FAILED", "CANCELLED", "UNKNOWN"] as const;

/** The table of what became of every member on every channel. */
export function printOutcome({ summary, tally }: DemoOutcome): void {
  const channels = [...new Set(tally.map(({ channel }) => channel))].sort();
  const cell = (text: string) => text.padStart(11);
  const lines = [
    "",
    ["channel".padEnd(10), cell("matched"), ...columns.map((name) => cell(name.toLowerCase()))].join(""),
  ];
  for (const channel of channels) {
    const rows = tally.filter((row) => row.channel === channel);
    const of = (state: string) => rows.filter((row) => row.state === state).reduce((sum, { n }) => sum + n, 0);
    const matched = columns.reduce((sum, state) => sum + of(state), 0);
    lines.push([channel.padEnd(10), cell(count(matched)), ...columns.map((state) => cell(count(of(state))))].join(""));
  }
  const skipped = tally.filter(({ state }) => state === "SKIPPED");
  lines.push(
    "",
    ...skipped.map(
      ({ channel, reason, n }) => `  ${channel} skipped: ${reason.toLowerCase().replaceAll("_", " ")} ${count(n)}`,
    ),
  );
  const parts = (["sent", "skipped", "failed", "cancelled", "unknown"] as const).map(
    (part) => `${count(summary[part])} ${part}`,
  );
  const pace = `${count(summary.perSecond)}/s · ${summary.seconds} s · peak ${summary.peakRssMiB} MiB`;
  lines.push(
    "",
    `${count(summary.matched)} matched = ${parts.join(" + ")}`,
    `duplicates ${summary.duplicates} · ${count(summary.messages)} messages · ${pace}`,
  );
  console.log(lines.join("\n"));
}

/** What members of two languages read. */
export function printMails(mails: readonly ReadMail[]): void {
  for (const { locale, subject, text } of mails) {
    const lines = [subject, ...text.trim().split("\n")].map((line) => `  ${line}`.trimEnd());
    console.log(["", `What a member reads in ${locale}:`, ...lines].join("\n"));
  }
}

/** What became of the flash sale, in a line. */
export function printSale({ claimed, stock, oversold, duplicates, claimers, perSecond }: SaleSummary): void {
  const result = `claimed ${count(claimed)}/${count(stock)} · oversold ${oversold} · duplicates ${duplicates}`;
  console.log(`flash sale: ${count(claimers)} members, ${count(perSecond)} requests/s · ${result}`);
}

/** What became of the order that earned a coupon, in a line. */
export function printOrder({ orderId, paid, earned, given, coupon, code }: OrderSummary): void {
  const promised = `promised ${earned} coupon "${coupon}"`;
  console.log(`${orderId}: paid ${paid}, ${promised}, complete · in the wallet: ${given}, code ${code}`);
}

/** Where to go on: addresses, and the tokens to try them with. */
export async function printInvitation(app: App, env: Env): Promise<void> {
  const member = await mintMemberToken(memberTokenSettings(env), "sample-1", 24 * 3600, Date.now());
  console.log(`
Go on from here (Ctrl-C ends the demo and removes its data):
  playground      ${app.url}/graphql
  members' API    ${app.url}/app
  health          ${app.url}/readyz · ${app.url}/metrics
  operator token  ${app.adminToken ?? "(made at an earlier start)"}
  member token    ${member}   (member sample-1)
Send either as "Authorization: Bearer <token>".`);
}
