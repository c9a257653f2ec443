import { lateEnum } from "../kit/late.ts";

/** `coupon-template` is COUPON_TEMPLATE. */
export const AuditKind = lateEnum<string>("AuditKind", "What something was done to.", (domains) =>
  Object.fromEntries(
    domains
      .flatMap(({ subjects = {} }) => Object.entries(subjects))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([noun, { about, type }]) => [
        noun.toUpperCase().replaceAll("-", "_"),
        { value: noun, description: `To ${about ?? `what \`${type}\` is in this schema`}.` },
      ]),
  ),
);
