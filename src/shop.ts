import { type SQL, sql } from "drizzle-orm";
import type { Actor } from "./actor.ts";
import { type InvalidInput, refuse } from "./errors.ts";
import { lineOf, lineOrNone } from "./value/plain-text.ts";

/**
 * The shops of one company, by the numbers that it has for them. What people plan here belongs to one of them or, with
 * an empty number, to the company itself. Whoever works for a shop knows of nothing else: what is not its own is not
 * there, and named it is refused with the very words for what was never made.
 */
export const shopNumber = lineOrNone(60);

interface Acting {
  readonly actor: Actor;
}

/** The shop that an actor works for; empty: for all of them, as do services, members and jobs. */
export function shopOf({ actor }: Acting): string {
  return actor.kind === "operator" ? actor.shop : "";
}

/** The row, whose shop this is, is the actor's to know of: a condition for every statement that asks as an operator. */
export function inReach(ctx: Acting, shop: SQL): SQL {
  return isOwn(shopOf(ctx), shop);
}

/**
 * The same of a thing: what belongs to a shop names, counts and gives only what is its own. It says that the shop is
 * not empty, too, as the indexes of what belongs to shops want to hear.
 */
export function isOwn(of: string, shop: SQL): SQL {
  return of === "" ? sql`1` : sql`(${shop} = ${of} AND ${shop} <> '')`;
}

/** The row, whose shop this is, is of the one that was asked for: any where none was, empty: the company's own. */
export function isOfShop(asked: string | undefined, shop: SQL): SQL {
  if (asked === undefined) return sql`1`;
  return lineOf(asked) === "" ? sql`${shop} = ''` : isOwn(lineOf(asked), shop);
}

/**
 * The same context without bounds, for reading what a deed depends on – the promotions and coupons behind a price – or
 * what everybody is told from one memory: nothing of it is told to the actor as such.
 */
export function inAllShops<Ctx extends Acting>(ctx: Ctx): Ctx {
  return ctx.actor.kind === "operator" ? { ...ctx, actor: { ...ctx.actor, shop: "" } } : ctx;
}

/** Whether what belongs to `of` may name what belongs to `shop`. */
export function mayName(of: string, shop: string): boolean {
  return of === "" || of === shop;
}

/** The shop that something new belongs to: its maker's, or the one asked for by somebody who works for all of them. */
export function shopOfNew(ctx: Acting, asked: string | null | undefined): string | InvalidInput {
  const own = shopOf(ctx);
  if (own === "") return asked ?? "";
  if (asked === undefined || asked === null || asked === own) return own;
  return refuse.invalid([{ path: "shop", message: `you work for the shop ${JSON.stringify(own)} alone` }]);
}

/** The same of a number as somebody wrote it; INVALID_INPUT, too, for what is none. */
export function newShop(ctx: Acting, asked: string | null | undefined): string | InvalidInput {
  const number = shopNumber.nullish().safeParse(asked);
  if (number.success) return shopOfNew(ctx, number.data);
  return refuse.invalid([{ path: "shop", message: "must have at most 60 characters" }]);
}
