/** Rows in the order of the ids that they were asked by: each at its id's place, `undefined` for what is not there. */
export function inOrder<Id, Row extends { readonly id: Id }>(
  ids: readonly Id[],
  rows: readonly Row[],
): (Row | undefined)[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id));
}
