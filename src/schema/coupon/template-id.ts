import { decodeGlobalID } from "@pothos/plugin-relay";
import { toRowId } from "../kit/ids.ts";

/** The number of a coupon template: as templates are numbered, or inside its global id. */
export function templateRowId(id: string): number {
  return toRowId(/^\d+$/.test(id) ? id : numberIn(id));
}

function numberIn(id: string): string {
  try {
    const { typename, id: number } = decodeGlobalID(id);
    return typename === "CouponTemplate" ? number : id;
  } catch {
    return id;
  }
}
