import type { ResultSet } from "@libsql/client";
import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import type { Query } from "../../db/statement.ts";
import type { OfferScope } from "../content/template.ts";
import type { Page } from "../ledger/page-rows.ts";
import type { SkipRules } from "../ledger/skip-reason.ts";
import type {
  ActionChoice,
  ActionDefinition,
  Giving,
  PageToTake,
  Reader,
  Readiness,
  SimulationScope,
  Taken,
} from "./action.ts";
import type { RewardSimulation } from "./simulation.ts";

/** An action as the rest of the campaign sees it: the type of its facts is sealed inside. */
export interface Action<Kind extends string = string>
  extends Pick<ActionDefinition<Kind, never>, "kind" | "describe" | "channels" | "input" | "content" | "skipReasons"> {
  /** What a run keeps of it, as things are now. */
  freeze(ctx: Context, choice: ActionChoice): Promise<FrozenAction>;
  /** Whether a run that is due may begin now. */
  ready(ctx: Context, choice: ActionChoice): Promise<Readiness>;
  /** The same again, from how a run stored it. */
  fromFrozen(stored: unknown): FrozenAction;
}

/** An action in one run: with facts that do not change any more. As JSON it is these facts. */
export interface FrozenAction {
  readonly kind: string;
  /** Whether its facts are still true. */
  holds(now: number): SQL;
  /** From when on (ms) they are not; null: always. */
  readonly until: number | null;
  /** Why its message is not for member `m`. */
  skipRules(now: number): SkipRules;
  /** An expression over member `m` for what is the reader's own of it; absent where nothing is. */
  own(run: number): SQL | undefined;
  /** What a reader's message may say of it. */
  values(ctx: Context, reader: Reader, run: number): OfferScope;
  readonly gives: FrozenGiving | undefined;
  /** What a launch would give, were it now; null where it gives nothing. */
  simulate(ctx: Context, scope: SimulationScope): Promise<RewardSimulation | HeavyRefusal | null>;
  toJSON(): unknown;
}

/** {@link Giving} of one run. */
export interface FrozenGiving extends Pick<Giving<never>, "channel" | "missing" | "describe"> {
  skipRules(now: number): SkipRules;
  take(ctx: Context, page: PageToTake): Promise<Taken | undefined>;
  decide(page: Page, taken: Taken | undefined): Query[];
  issue(page: Page): Query[];
  count(page: Page): Query[];
  issued(ctx: Context, results: readonly ResultSet[], taken: Taken | undefined): Promise<void>;
}

/** Makes an action of its definition. Adding one is a file and a line in `action/index.ts`. */
export function defineAction<const Kind extends string, Facts>(
  definition: ActionDefinition<Kind, Facts>,
): Action<Kind> {
  const { kind, describe, channels, input, content, skipReasons, facts } = definition;
  return {
    kind,
    describe,
    channels,
    input,
    content,
    skipReasons,
    ready: async (ctx, choice) => (await definition.ready?.(ctx, choice)) ?? "NOW",
    freeze: async (ctx, choice) => frozen(definition, await facts.freeze(ctx, choice)),
    fromFrozen: (stored) => frozen(definition, facts.schema.parse(stored)),
  };
}

function frozen<Facts>(definition: ActionDefinition<string, Facts>, facts: Facts): FrozenAction {
  const { gives } = definition;
  return {
    kind: definition.kind,
    holds: (now) => definition.facts.hold?.(facts, now) ?? sql`1`,
    until: definition.facts.until?.(facts) ?? null,
    skipRules: (now) => definition.skipRules?.(facts, now) ?? [],
    own: (run) => definition.content.own?.(facts, run),
    values: (ctx, reader, run) => definition.content.values?.(ctx, facts, reader, run) ?? {},
    gives: gives && givingOf(gives, facts),
    simulate: async (ctx, scope) => definition.simulate?.(ctx, facts, scope) ?? null,
    toJSON: () => ({ ...facts, kind: definition.kind }),
  };
}

function givingOf<Facts>(gives: Giving<Facts>, facts: Facts): FrozenGiving {
  const { channel, missing, describe } = gives;
  return {
    channel,
    missing,
    describe,
    skipRules: (now) => gives.skipRules(facts, now),
    take: (ctx, page) => gives.take(ctx, page, facts),
    decide: (page, taken) => gives.decide(page, facts, taken),
    issue: (page) => gives.issue(page, facts),
    count: (page) => gives.count(page, facts),
    issued: (ctx, results, taken) => gives.issued(ctx, facts, results, taken),
  };
}
