/** What became of one send, which is one member on one channel of one run. */
export const sendStates = ["PENDING", "SENDING", "SENT", "FAILED", "SKIPPED", "CANCELLED", "UNKNOWN"] as const;
export type SendState = (typeof sendStates)[number];

/** Those in which a send stays; UNKNOWN may yet turn out to be SENT. */
export const lastSendStates = ["SENT", "FAILED", "SKIPPED", "CANCELLED", "UNKNOWN"] as const satisfies SendState[];
