import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Answered, Storm } from "./claim-storm.ts";
import { tempDir } from "./temp.ts";

/** A storm of claims in a process of its own. */
export interface Crowd {
  /** All answers so far; whole when {@link Crowd.done} has resolved. */
  answers(): Answered[];
  done(): Promise<void>;
  kill(): void;
}

const usual = { firstMember: 1, again: 0.1, repeated: 0.05, inFlight: 200, seed: 1, untilGone: false };

export function startCrowd(plan: Pick<Storm, "url" | "template" | "requests" | "members"> & Partial<Storm>): Crowd {
  const file = join(tempDir(), "answers");
  const storm: Storm = { ...usual, ...plan, file };
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "claim-storm.ts"), JSON.stringify(storm)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...Bun.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "4000" },
  });
  return {
    answers: () =>
      existsSync(file)
        ? readFileSync(file, "utf8")
            .split("\n")
            .filter((line) => line.endsWith("}"))
            .map((line) => JSON.parse(line))
        : [],
    done: async () => {
      if ((await child.exited) !== 0) throw new Error("the crowd failed");
    },
    kill: () => child.kill("SIGKILL"),
  };
}

/** How often each type of answer came. */
export function byType(answers: readonly Answered[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of answers) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
