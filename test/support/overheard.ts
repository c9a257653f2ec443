import type { Context } from "../../src/context.ts";
import type { Query } from "../../src/db/statement.ts";

/** A context that tells all that its database is asked, in transactions, too. */
export function overheard(ctx: Context, told: Query[]): Context {
  const hear = <T extends object>(db: T): T =>
    new Proxy(db, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: readonly unknown[]) => {
          const [first] = args;
          if (name === "transaction" && typeof first === "function")
            return value.call(target, (tx: object) => first(hear(tx)));
          if (name === "all" || name === "first") told.push(first as Query);
          if (name === "write") told.push(...(first as Query[]));
          return value.apply(target, args);
        };
      },
    });
  return { ...ctx, db: hear(ctx.db) };
}
