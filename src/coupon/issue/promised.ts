import type { Promised } from "../../giving.ts";
import type { CouponTemplate } from "../table.ts";

/**
 * Why coupons of a template cannot be promised so, where the shop could give them; nothing when they can. They must be
 * given by the system, of the promise's currency, and given and good for as long as they can be earned; once the
 * promise is made, in offer. The template is as it is now.
 */
export function unkeepable(template: CouponTemplate, { currency, until, isMade }: Promised): string | undefined {
  const { issueMode, state, closesAt, validTo } = template;
  if (issueMode !== "SYSTEM") return `it is given by ${issueMode}: promise what the shop gives, by SYSTEM`;
  if (state === "ENDED" || state === "WITHDRAWN") return `it is ${state}: nothing more is given of it`;
  if (state === "DRAFT" && isMade) return "it is a draft: activate it first (activateCouponTemplate)";
  if (template.currency !== currency) return `its coupons are of ${template.currency}, not of ${currency}`;
  return tooShort("it is given", closesAt, until) ?? tooShort("its coupons are good", validTo, until);
}

function tooShort(what: string, end: number | null, until: number | null): string | undefined {
  if (end === null || (until !== null && until <= end)) return undefined;
  const needed = until === null ? "which has no end" : `until ${new Date(until).toISOString()}`;
  return `${what} until ${new Date(end).toISOString()}, sooner than what it is promised by, ${needed}`;
}
