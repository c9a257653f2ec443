/**
 * What a provider tells after it has accepted a send, in `send.progress`. The column holds the highest rank heard of
 * and only grows, so reports may come twice, late and in any order, and the row ends the same.
 *
 *   0  nothing yet
 *   1  delivered     it reached the mailbox or the phone
 *   2  opened
 *   3  clicked       a link in it was followed, as the provider or our own redirect saw
 *   4  undelivered   accepted, then not delivered: a soft bounce, a carrier's refusal, the provider's own suppressions
 *   5  bounced       the address is dead for good, and suppressed
 *   6  complained    the member called it spam, and the address is suppressed
 *
 * 4–6 stand above 1–3 because a message that came back or gave offence did not succeed, whatever was seen of it before.
 * The state stays SENT, which means that the provider accepted it: a finished run's sums do not move any more. Only
 * UNKNOWN moves: any report about a send proves that it was accepted, so the row becomes SENT and the counts follow.
 */
export const progressRanks = {
  delivered: 1,
  opened: 2,
  clicked: 3,
  undelivered: 4,
  bounced: 5,
  complained: 6,
} as const;
export type Progress = keyof typeof progressRanks;
