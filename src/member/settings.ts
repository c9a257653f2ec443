import { defineSettings } from "../settings-slice.ts";
import { readCurrency } from "../value/currency.ts";
import { isUnfit, type Reader, schemaOf, unfit } from "../value/value.ts";

const fromOrders = "orders:";

/** Reads who keeps a sum of money: the shop, or orders of a currency. */
const readSpendMaster: Reader = (text) => {
  const [, given] = /^\s*orders\s*:(.*)$/i.exec(text) ?? [];
  if (given === undefined) return /^\s*shop\s*$/i.test(text) ? "shop" : unfit("is neither shop nor orders:EUR");
  const currency = readCurrency(given);
  return isUnfit(currency) ? currency : `${fromOrders}${currency}`;
};

/** What an installation sets of members. */
export const memberSettings = defineSettings(
  "member",
  { TOTAL_SPEND_FROM: schemaOf(readSpendMaster, "shop").default("shop") },
  ({ TOTAL_SPEND_FROM: master }) => ({
    /** The currency of the orders that `totalSpend` is kept from; undefined where the shop says it. */
    spendCurrency: master.startsWith(fromOrders) ? master.slice(fromOrders.length) : undefined,
  }),
);
