import { join } from "node:path";
import { globalId } from "../../src/ids.ts";
import { type Asked, askedBy, bodyOf, documentOf, keyPlace, type Road, writeRequests } from "./requests.ts";
import type { Crowd, SeededShop } from "./shop-seed.ts";

/** What an operation is measured against. */
export type Limit = "bare" | "open" | "closed";

/** Something that a member's app asks for. */
export interface Operation {
  readonly name: string;
  readonly limit: Limit;
  /** The file of its requests for `load`, and how many they are. */
  readonly requests: string;
  readonly count: number;
  /** Whether each member is asked for once, or once before anything is measured. */
  readonly once: boolean;
  readonly warmed: boolean;
  /** Requests of the same kind that are in no file. */
  readonly samples: readonly Asked[];
  /** What is wrong with an answer, if anything. */
  fault(answer: Answer): string | undefined;
}

/** A GraphQL answer, of whatever shape. */
// biome-ignore lint/suspicious/noExplicitAny: whatever came back is looked at
export type Answer = any;

interface Kind {
  readonly document: string;
  readonly road?: Road;
  readonly variables?: object;
  readonly by: Exclude<keyof Crowd, "others">;
  readonly limit?: Limit;
  readonly once?: boolean;
  readonly warmed?: boolean;
  /** What of the answer is compared, and with what. */
  readonly told: (data: Answer) => unknown;
  readonly is: unknown;
}

/** Requests that are kept for looking at answers. */
const sampled = 500;

const cart = {
  currency: "EUR",
  lines: [
    { id: "1", goods: "shoe", categories: ["shoes"], quantity: 1, unitPrice: "9900" },
    { id: "2", goods: "sock", categories: ["socks"], quantity: 3, unitPrice: "1200" },
    { id: "3", goods: "coat", categories: ["coats"], quantity: 1, unitPrice: "15900" },
  ],
};

const kinds = ({ open, closed }: Pick<SeededShop, "open" | "closed">): Readonly<Record<string, Kind>> => {
  const claim = (template: number) => ({ template: globalId("CouponTemplate", template), key: keyPlace });
  const typename = {
    document: "typename",
    by: "readers",
    told: (data) => data.__typename,
    is: "Query",
  } as const satisfies Kind;
  const wallet = {
    document: "my-coupons",
    told: ({ myCoupons: { nodes } }) => [nodes.length, nodes[0].state, nodes[0].template.name],
    is: [5, "AVAILABLE", "Alone"],
  } as const satisfies Partial<Kind>;
  return {
    typename,
    typenameByYoga: { ...typename, road: "yoga" },
    claim: {
      document: "claim",
      variables: claim(open),
      by: "claimants",
      limit: "open",
      told: ({ claimCoupon }) => claimCoupon.__typename,
      is: "Coupon",
    },
    refusal: {
      document: "claim",
      variables: claim(closed),
      by: "claimants",
      limit: "closed",
      told: ({ claimCoupon }) => claimCoupon.__typename,
      is: "SoldOut",
    },
    myCoupons: { ...wallet, by: "readers", warmed: true },
    myCouponsCold: { ...wallet, by: "newcomers", once: true },
    claimableCoupons: {
      document: "claimable-coupons",
      by: "readers",
      told: ({ claimableCoupons: { nodes } }) => nodes.map(({ state }: Answer) => state).sort(),
      is: [...Array(9).fill("CLAIMABLE"), "SOLD_OUT"],
    },
    myInbox: {
      document: "my-inbox",
      by: "readers",
      told: ({ myInbox: { nodes } }) => [nodes.length, nodes[0].title.replace(/\d+/, "…"), nodes[0].body],
      is: [20, "Hello shop-…", "A bench."],
    },
    unreadCount: { document: "unread-count", by: "readers", told: ({ unreadCount }) => unreadCount, is: 20 },
    nextPopup: {
      document: "next-popup",
      by: "readers",
      told: ({ nextPopup }) => [nextPopup.body, nextPopup.priority],
      is: ["A bench.", 3],
    },
    quoteCart: {
      document: "quote-cart",
      variables: { cart },
      by: "readers",
      told: ({ quoteCart }) => [quoteCart.goods.amount, quoteCart.pay.amount, quoteCart.coupons.length],
      is: ["29400", "23600", 3],
    },
  };
};

/** The documents of all operations. */
export function documents(): string[] {
  const all = Object.values(kinds({ open: 0, closed: 0 })).map(({ document }) => document);
  return [...new Set(all)].map(documentOf);
}

/** All operations, their requests written down in a directory. */
export async function writeOperations(
  dir: string,
  { crowd, seeded, road }: { readonly crowd: Crowd; readonly seeded: SeededShop; readonly road: Road },
): Promise<Operation[]> {
  const first = { readers: 1, newcomers: 1 + crowd.readers, claimants: 1 + crowd.readers + crowd.newcomers };
  const operations: Operation[] = [];
  for (const [name, kind] of Object.entries(kinds(seeded))) {
    const body = bodyOf(kind.road ?? road, documentOf(kind.document), kind.variables);
    const all = await askedBy(first[kind.by], crowd[kind.by], body);
    const requests = join(dir, `${name}.txt`);
    writeRequests(requests, all.slice(sampled));
    operations.push({
      name,
      limit: kind.limit ?? "bare",
      requests,
      count: all.length - sampled,
      once: kind.once ?? false,
      warmed: kind.warmed ?? false,
      samples: all.slice(0, sampled),
      fault: (answer) => faultOf(kind, answer),
    });
  }
  return operations;
}

function faultOf({ told, is }: Kind, answer: Answer): string | undefined {
  try {
    const found = told(answer.data);
    return Bun.deepEquals(found, is) ? undefined : `${JSON.stringify(found)} instead of ${JSON.stringify(is)}`;
  } catch {
    return JSON.stringify(answer).slice(0, 300);
  }
}
