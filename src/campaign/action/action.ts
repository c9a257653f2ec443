import type { ResultSet } from "@libsql/client";
import type { SQL } from "drizzle-orm";
import type { z } from "zod";
import type { ChannelName } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import type { Query } from "../../db/statement.ts";
import type { Issue } from "../../errors.ts";
import type { Content } from "../content/content.ts";
import type { OfferScope } from "../content/template.ts";
import type { Variables } from "../content/variables.ts";
import type { LedgerChannel } from "../ledger/channel.ts";
import type { Page } from "../ledger/page-rows.ts";
import type { SkipRules } from "../ledger/skip-reason.ts";
import type { RewardSimulation } from "./simulation.ts";

/** What a campaign says of its action. */
export interface ActionChoice {
  /** The campaign's number, once it has one. */
  readonly id?: number;
  /** Whose campaign it is: it names what is its own alone. */
  readonly shop: string;
  readonly kind: string;
  readonly couponTemplate: number | null;
  /** The promotion that it announces. */
  readonly promotion: number | null;
}

/** A member whom a message is written to. */
export interface Reader {
  readonly seq: number;
  readonly locale: string;
  /** Null where it is the shop's. */
  readonly time_zone: string | null;
  /** What is the member's own of the offer, as {@link ActionDefinition.content} `own` answered it. */
  readonly own?: string | null;
}

/**
 * Whether what a campaign tells of lets its run begin: at once; as soon as something has ended, which is looked at
 * every second; not before somebody says so, who sets it going; or never more.
 */
export type Readiness = "NOW" | "SOON" | "WHEN_TOLD" | "NEVER";

/** Members who are asked about, by a condition over `m`. */
export interface SimulationScope {
  readonly where: SQL;
  readonly endsAt: number | null;
}

/**
 * What campaigns of one kind do. `Facts` are what a run freezes of it: all that is asked later is asked of them, so
 * that nothing that changes meanwhile changes the run.
 */
export interface ActionDefinition<Kind extends string, Facts> {
  readonly kind: Kind;
  /** What such a campaign does, for operators. */
  readonly describe: string;
  /** Whether a campaign must have a channel. */
  readonly channels: "needed" | "optional";
  readonly input: {
    /** What is wrong with what a campaign says of it, whatever today is. */
    issues(ctx: Context, choice: ActionChoice): Promise<Issue[]>;
    /** What keeps it from beginning at a time (ms), where the choice itself is right. */
    startIssues(ctx: Context, choice: ActionChoice, startsAt: number): Promise<Issue[]>;
  };
  readonly facts: {
    readonly schema: z.ZodType<Facts>;
    freeze(ctx: Context, choice: ActionChoice): Promise<Facts>;
    /** Whether they are still true, asked in the statement that begins the run; they always are unless given. */
    hold?(facts: Facts, now: number): SQL;
    /** From when on (ms) they are true no more; null: always. They always are unless given. */
    until?(facts: Facts): number | null;
  };
  /** Whether a run that is due may begin now; it may unless given. */
  ready?(ctx: Context, choice: ActionChoice): Promise<Readiness>;
  readonly content: {
    /** What templates may say besides. */
    readonly variables: Variables;
    /** Which of these one campaign's may; all unless said. */
    known?(choice: ActionChoice): Variables;
    /** An expression over member `m` for what is the member's own of it, when a message of this run is made. */
    own?(facts: Facts, run: number): SQL;
    issues?(content: Content, channels: readonly ChannelName[]): Issue[];
    /** What a message of this run says to a reader. */
    values?(ctx: Context, facts: Facts, reader: Reader, run: number): OfferScope;
  };
  /** The reasons of its own for which members are skipped, each with what it means. */
  readonly skipReasons: Readonly<Record<string, string>>;
  /** Why its message is not for member `m`. */
  skipRules?(facts: Facts, now: number): SkipRules;
  /** What it gives each member, besides messages. */
  readonly gives?: Giving<Facts>;
  /** What a launch would give, were it now. */
  simulate?(ctx: Context, facts: Facts, scope: SimulationScope): Promise<RewardSimulation | HeavyRefusal>;
}

/** A page before it is written, and how many members it has at most. */
export interface PageToTake {
  readonly run: number;
  readonly page: number;
  readonly most: number;
}

/** What is taken for a page and waits for what the database decides. */
export interface Taken {
  readonly token: string;
  readonly units: number;
}

/** How a run gives something to each member of a page, in the batch that writes the page. */
export interface Giving<Facts> {
  /** Its rows in the ledger; they come first, and messages are for those whose row is SENT. */
  readonly channel: LedgerChannel;
  /** Why others get no message: one of the action's reasons. */
  readonly missing: string;
  /** Why it is not for member `m`, whatever is left. */
  skipRules(facts: Facts, now: number): SkipRules;
  /** What it means that the row is SENT, and the same within one sentence about all channels. */
  readonly describe: { readonly given: string; readonly summary: string };
  /**
   * Takes what the page may need before it is written, from where others take it, too; undefined where there is no such
   * place. It decides nothing, and whoever dies before `issued` is found by others.
   */
  take(ctx: Context, page: PageToTake, facts: Facts): Promise<Taken | undefined>;
  /** Writes the page's rows and decides who is given something, whatever was taken. */
  decide(page: Page, facts: Facts, taken: Taken | undefined): Query[];
  /** Gives it to those whose rows are SENT. */
  issue(page: Page, facts: Facts): Query[];
  count(page: Page, facts: Facts): Query[];
  /** Told the results of `issue` after the commit; nobody waits for it, and it does not throw. */
  issued(ctx: Context, facts: Facts, results: readonly ResultSet[], taken: Taken | undefined): Promise<void>;
}
