import { readFileSync } from "node:fs";
import { z } from "zod";
import { expectInstallation } from "./data-dir.ts";
import { contradictions, unsafeInProduction } from "./env-rules.ts";
import { type Given, Variables, variableNames } from "./env-variables.ts";
import { check, schemaIssues } from "./input.ts";
import { fromCheckout } from "./installation.ts";
import { keptSecrets, type Secrets } from "./secrets.ts";

/** Every fault of the environment at once, each line ready to be read by a person. */
export class EnvError extends Error {
  override readonly name = "EnvError";
  constructor(readonly faults: readonly string[]) {
    super(`The environment is not fit to start:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
  }
}

/** Further variables, such as a domain has: names and how each is read from its text. */
export type FurtherVariables = z.ZodRawShape;

/** The environment, checked and complete. */
export interface Env extends Omit<Variables, "DATA_DIR"> {
  /** Absolute. */
  readonly dataDir: string;
  readonly production: boolean;
  readonly secrets: Secrets;
  /** Reads further variables of the same environment. Throws an {@link EnvError} that names every fault. */
  further<Shape extends FurtherVariables>(variables: Shape): z.output<z.ZodObject<Shape>>;
}

type Source = Readonly<Record<string, string | undefined>>;

/** The process's environment with some variables in the place of its own. */
export function environment(overrides: Source = {}): Source {
  return { ...Bun.env, ...overrides };
}

/** Whether the data directory may be a new one, in which an installation is made, or must hold one. */
type Installation = "new or old" | "old";

/**
 * Checks and completes an environment, by default the process's. Throws an {@link EnvError} that names every fault,
 * those of `further` variables among them, and a {@link SetupError} for a data directory that cannot serve.
 */
export function readEnv(
  source: Source = environment(),
  further: readonly FurtherVariables[] = [],
  installation: Installation = "new or old",
): Env {
  const faults: string[] = [];
  const given: Given = withFiles(source, variableNames, faults);
  const parsed = check(Variables, given);
  faults.push(...faultsOf(parsed.error), ...further.flatMap((variables) => readFurther(source, variables).faults));
  faults.push(...contradictions(given));
  if (given.NODE_ENV === "production") faults.push(...unsafeInProduction(given));
  if (!parsed.success || faults.length > 0) throw new EnvError(faults);
  const { DATA_DIR, ...variables } = parsed.data;
  const dataDir = fromCheckout(DATA_DIR);
  if (installation === "old") expectInstallation(dataDir);
  return {
    ...variables,
    dataDir,
    production: variables.NODE_ENV === "production",
    secrets: secretsFor(variables, dataDir),
    further: (more) => {
      const { values, faults } = readFurther(source, more);
      if (values === undefined) throw new EnvError(faults);
      return values;
    },
  };
}

function readFurther<Shape extends FurtherVariables>(source: Source, variables: Shape) {
  const faults: string[] = [];
  const parsed = check(z.object(variables), withFiles(source, Object.keys(variables), faults));
  faults.push(...faultsOf(parsed.error));
  return { faults, values: faults.length === 0 ? parsed.data : undefined };
}

function faultsOf(error: z.ZodError | undefined): string[] {
  return schemaIssues(error).map(({ path, message }) => `${path.split(".")[0]}: ${message}`);
}

/** Replaces `<NAME>_FILE` by the content of its file; what is empty or blank counts as absent. */
function withFiles(source: Source, names: readonly string[], faults: string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) {
    const direct = source[name]?.trim();
    const file = source[`${name}_FILE`]?.trim();
    if (direct && file) faults.push(`${name}: both ${name} and ${name}_FILE are set`);
    const value = direct || (file && contentOf(file));
    if (value) values[name] = value;
    else if (file) faults.push(`${name}_FILE: there is nothing to be read in ${file}`);
  }
  return values;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(fromCheckout(file), "utf8").trim();
  } catch {
    return undefined;
  }
}

function secretsFor(variables: Omit<Variables, "DATA_DIR">, dataDir: string): Secrets {
  const kept = keptSecrets(dataDir);
  return {
    ...kept,
    linkSecret: variables.LINK_SECRET ?? kept.linkSecret,
    memberJwtSecret: variables.MEMBER_JWT_SECRET ?? kept.memberJwtSecret,
    currentSigningKey: variables.QSTASH_CURRENT_SIGNING_KEY ?? kept.currentSigningKey,
    nextSigningKey: variables.QSTASH_NEXT_SIGNING_KEY ?? kept.nextSigningKey,
  };
}
