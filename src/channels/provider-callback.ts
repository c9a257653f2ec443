import { timingSafeEqual } from "node:crypto";

/**
 * What a provider's callback turned out to be. Only `event` has something to record; `ignored` is authentic and of no
 * interest.
 */
export type ProviderCallback<Event> =
  /** `id` names this callback: a second delivery carries it again. */
  | { readonly kind: "event"; readonly id: string; readonly event: Event }
  | { readonly kind: "ignored"; readonly id: string }
  | { readonly kind: "forged" };

/** Whether two texts are equal, in a time that does not tell where they differ. */
export function sameSecret(one: string, other: string): boolean {
  const digest = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
