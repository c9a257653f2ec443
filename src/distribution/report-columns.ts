/** What a report adds behind the operator's own columns. */
export const reportHeadings = ["Fanfare: outcome", "Fanfare: column", "Fanfare: cause", "Fanfare: what to do"];
