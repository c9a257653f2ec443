/** The tables that checkout owns. */
export const tables = ["settlement", "settlement_refund"] as const;
