/** The tables of this domain; it alone writes them. */
export const tables = ["settlement", "settlement_refund"] as const;
