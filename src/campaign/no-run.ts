/** The run that previews, rehearsals and tests are of: none, so that neither ledger nor sums know of them. */
export const noRun = 0;
