import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import type { Routes } from "./http.ts";

/** The keys that deliveries are signed with: the one in use, and the one that the next rotation brings into use. */
export interface SigningKeys {
  readonly current: string;
  readonly next: string;
}

const place = "signingKeys";

/** The keys as the last rotation left them, else those the broker was given. */
export function createKeys(
  store: Store,
  given: SigningKeys,
): { of: () => SigningKeys; keep: (keys: SigningKeys) => void } {
  const rotated = store.setting.get(place)?.value;
  let keys: SigningKeys = rotated === undefined ? given : JSON.parse(rotated);
  return {
    of: () => keys,
    keep: (fresh) => {
      keys = fresh;
    },
  };
}

interface KeyParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly keys: ReturnType<typeof createKeys>;
}

/** The routes that tell and rotate the signing keys. */
export function keyRoutes({ store, committer, keys }: KeyParts): Routes {
  return {
    "GET /v2/keys": () => ({ json: keys.of() }),
    "POST /v2/keys/rotate": async () => {
      const fresh = await committer.commit(() => {
        const next = {
          current: keys.of().next,
          next: `sig_${Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url")}`,
        };
        store.saveSetting.run(place, JSON.stringify(next));
        return next;
      }, keys.keep);
      return { json: fresh };
    },
  };
}
