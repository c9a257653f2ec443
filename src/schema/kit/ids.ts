import { PothosValidationError } from "@pothos/core";

/**
 * The number inside a global id whose rows are numbered. Anything else is a fault of the caller's input, answered as
 * such.
 */
export function toRowId(id: string): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new PothosValidationError(`${JSON.stringify(id)} is not an id of this kind`);
  return Number(id);
}
