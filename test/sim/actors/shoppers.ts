import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Answer } from "../world/caller.ts";
import { expectNoErrors, named, pause, told } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { someMember } from "./members.ts";
import { cartBy, ordersKnown, quoteFaults, quoteFields, type ShopOrder } from "./orders.ts";
import { promised } from "./promises.ts";

const orderFields = `CouponOrder { id state refunded { amount } quote { ${quoteFields} } }`;

function someOrder(world: World, chance: Chance): ShopOrder | undefined {
  const orders = world.known(ordersKnown);
  if (orders.length === 0) return undefined;
  // Most of what is said is said of what is new, some of it late.
  return chance.pick(chance.happens(0.8) ? orders.slice(-8) : orders);
}

/** Asks, and asks the same again where nobody answered. */
async function insist(world: World, what: string, ask: () => Promise<Answer>, chance: Chance): Promise<Answer> {
  let answer = await ask();
  world.story.say(`${what}: ${told(answer)}`);
  for (let again = 0; again < 2 && (answer.kind === "lost" || (again === 0 && chance.happens(0.1))); again++) {
    await pause(world, chance.pick([0, 300, 5_000]));
    answer = await ask();
    world.story.say(`${what}, again: ${told(answer)}`);
  }
  expectNoErrors(what, answer);
  return answer;
}

function hearOrder(order: ShopOrder, answer: Answer): void {
  if (answer.kind !== "data") return;
  const faults = quoteFaults(answer.data.quote, order.cart);
  if (faults.length > 0) throw new Error(`order ${order.orderId} does not add up: ${faults.join("; ")}`);
}

/** Members who buy, and the shop's backend, which tells of orders late, twice, and in any order. */
export const shoppers: Actor = {
  name: "shoppers",
  deeds: {
    quote: {
      weight: 4,
      async do(world, chance) {
        const [externalId, cart] = [someMember(world, chance.pick), cartBy(chance)];
        const query = `query ($cart: CartInput!) { quoteCart(cart: $cart) { ${quoteFields} } }`;
        const answer = await world.member(externalId).ask(query, { cart });
        world.story.say(`${externalId} asks for a price: ${answer.kind}`);
        expectNoErrors("quoteCart", answer);
        if (answer.kind !== "data") return;
        const faults = quoteFaults(answer.data.quoteCart, cart);
        if (faults.length > 0) throw new Error(`a quote does not add up: ${faults.join("; ")}`);
      },
    },
    lock: {
      weight: 14,
      async do(world, chance) {
        const given = world.known(promised);
        const holder = given.length > 0 && chance.happens(0.9) ? chance.pick(given).externalId : undefined;
        const externalId = holder ?? someMember(world, chance.pick);
        const own = given.filter((promise) => promise.externalId === externalId).map(({ couponId }) => couponId);
        const couponIds = [...new Set(own.filter(() => chance.happens(0.6)))].slice(-chance.between(1, 3));
        const orders = world.known(ordersKnown);
        const order: ShopOrder = {
          orderId: `o${orders.length + 1}`,
          externalId,
          cart: cartBy(chance),
          couponIds,
          refunds: new Map(),
        };
        orders.push(order);
        const { refunds: _, ...input } = { ...order, ttlSeconds: chance.pick([10, 120, 900]) };
        const what = `${externalId} orders ${order.orderId} with ${couponIds.map(named).join(", ") || "no coupon"}`;
        const answer = await insist(world, what, () => world.admin.does("lockCoupons", input, orderFields), chance);
        hearOrder(order, answer);
        if (answer.kind === "data" && chance.happens(0.6)) await redeem(world, chance, order);
      },
    },
    redeem: {
      weight: 10,
      async do(world, chance) {
        const order = someOrder(world, chance);
        if (order) await redeem(world, chance, order);
      },
    },
    release: {
      weight: 4,
      async do(world, chance) {
        const order = someOrder(world, chance);
        if (!order) return;
        const ask = () => world.admin.does("releaseCoupons", { orderId: order.orderId }, orderFields);
        const answer = await insist(world, `order ${order.orderId} is given up`, ask, chance);
        hearOrder(order, answer);
        if (answer.kind === "data" && order.redeemedAt !== undefined)
          throw new Error(`order ${order.orderId} was paid, and is released`);
      },
    },
    complete: {
      weight: 6,
      async do(world, chance) {
        const order = someOrder(world, chance);
        if (!order) return;
        const ask = () => world.admin.does("completeOrder", { orderId: order.orderId }, orderFields);
        const answer = await insist(world, `order ${order.orderId} has arrived`, ask, chance);
        hearOrder(order, answer);
        if (answer.kind === "data") order.isCompleted = true;
      },
    },
    refund: {
      weight: 8,
      async do(world, chance) {
        const order = someOrder(world, chance);
        if (order) await refund(world, chance, order);
      },
    },
  },
};

async function redeem(world: World, chance: Chance, order: ShopOrder): Promise<void> {
  const ask = () => world.admin.does("redeemCoupons", { orderId: order.orderId }, orderFields);
  const answer = await insist(world, `order ${order.orderId} is paid`, ask, chance);
  hearOrder(order, answer);
  if (answer.kind !== "data") return;
  const pay = Number(answer.data.quote.pay.amount);
  if (order.redeemedAt !== undefined && order.redeemedAt !== pay)
    throw new Error(`order ${order.orderId} was paid with ${order.redeemedAt}, and now with ${pay}`);
  order.redeemedAt = pay;
}

async function refund(world: World, chance: Chance, { orderId, refunds }: ShopOrder): Promise<void> {
  const part = chance.pick([{}, { amount: "500" }, { lines: ["line 0"] }, { amount: "1", lines: ["line 1"] }]);
  const input = {
    orderId,
    refundId: `r${chance.between(1, 3)}`,
    policy: chance.pick(["GIVE_BACK", "GIVE_BACK", "KEEP"]),
    rewards: chance.pick([undefined, "KEEP"]),
    ...part,
  };
  const ask = () => world.admin.does("refundOrder", input, "OrderRefund { refund { amount { amount } } }");
  const what = `refund ${input.refundId} of order ${orderId} (${JSON.stringify(part)}, ${input.policy})`;
  const answer = await insist(world, what, ask, chance);
  if (answer.kind !== "data") return;
  const amount = Number(answer.data.refund.amount.amount);
  const before = refunds.get(input.refundId);
  if (before !== undefined && before !== amount)
    throw new Error(`I6: ${what} was answered ${before}, and now ${amount}`);
  refunds.set(input.refundId, amount);
}
