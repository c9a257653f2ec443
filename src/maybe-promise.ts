/**
 * What is there already, or will be. To await it is always right; whoever does many a second goes on at once where
 * there is nothing to wait for.
 */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with it: now, where it is there. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
