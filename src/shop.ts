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

/** The same of the row of a table, by its number, for what hangs on it and has no shop of its own. */
export function isOwnRow(of: string, table: SQL, id: SQL): SQL {
  if (of === "") return sql`1`;
  return sql`EXISTS (SELECT 1 FROM ${table} reached WHERE reached.id = ${id} AND ${isOwn(of, sql`reached.shop`)})`;
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

/**
 * The shop that something new belongs to: its maker's, or the one asked for by somebody who works for all of them.
 * INVALID_INPUT for another, and for what is no number of a shop.
 */
export function newShop(ctx: Acting, asked: string | null | undefined): string | InvalidInput {
  const own = shopOf(ctx);
  const number = shopNumber.safeParse(asked ?? own);
  if (!number.success) return refuse.invalid([{ path: "shop", message: "must have at most 60 characters" }]);
  if (mayName(own, number.data)) return number.data;
  return refuse.invalid([{ path: "shop", message: `you work for the shop ${JSON.stringify(own)} alone` }]);
}
