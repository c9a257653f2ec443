import { z } from "zod";
import type { Limits } from "./channels/catalog.ts";

/** Settings that domains read; made once at start-up. */
export interface Settings {
  readonly publicUrl: string;
  /** The zone of members who have none, IANA. */
  readonly shopTimeZone: string;
  readonly shopName: string;
  /** What each external channel takes at once and per second. */
  readonly limits: Readonly<Record<string, Limits>>;
  /** Signs links in messages (unsubscribe, clicks, claims). */
  readonly linkSecret: string;
  /** Whether addresses that Fanfare is to call must be https and out in the world: in production. */
  readonly httpsOnly: boolean;
  /** Whether the database is asked over a network, where it is no file here: then what is read often is kept nearer. */
  readonly isDatabaseFar: boolean;
  /** Each domain's own, by its name; read with {@link SettingsSlice.of}. */
  readonly slices: Readonly<Record<string, unknown>>;
}

/** What a domain's settings may depend on besides its own variables. */
export interface Installation {
  readonly production: boolean;
  /** What production was allowed by name, e.g. `sandbox`. */
  readonly allowed: readonly string[];
  /** Secrets of this installation, by name. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** A domain's settings: the variables of the environment that they are read from, and how. */
export interface SettingsSlice<Slice = unknown> {
  readonly variables: z.ZodRawShape;
  read(values: Readonly<Record<string, unknown>>, installation: Installation): Slice;
  of(ctx: { readonly settings: Settings }): Slice;
}

/** Defines the settings of the domain of this name, for its manifest. */
export function defineSettings<Shape extends z.ZodRawShape, Slice>(
  domain: string,
  variables: Shape,
  read: (values: z.output<z.ZodObject<Shape>>, installation: Installation) => Slice,
): SettingsSlice<Slice> {
  return {
    variables,
    read: (values, installation) => read(z.object(variables).parse(values), installation),
    // The one cast of a slice: `settings.ts` made it with the function above.
    of: ({ settings }) => settings.slices[domain] as Slice,
  };
}
