import { PothosValidationError } from "@pothos/core";
import { InputValidationError } from "@pothos/plugin-validation";
import { rowNumber } from "../../ids.ts";

/** The number inside a global id whose rows are numbered. Anything else is a fault of the caller's input. */
export function toRowId(id: string): number {
  const row = rowNumber(id);
  if (row === undefined) throw new PothosValidationError(`${JSON.stringify(id)} is not an id of this kind`);
  return row;
}

/** The same of an input's field, where it is given. */
export function rowOfInput(id: { readonly id: string } | null | undefined): number | undefined {
  return id ? toRowId(id.id) : undefined;
}

/** The same of a list. */
export function rowsOfInput(ids: readonly { readonly id: string }[]): number[] {
  return ids.map(({ id }) => toRowId(id));
}

/** Faults an input at a place in it, as its types would. */
export function faultAt(place: string, message: string): Error {
  return new InputValidationError({ issues: [{ path: [place], message }] });
}
