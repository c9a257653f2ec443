import { LiquidError } from "liquidjs";

/** What is wrong inside a template. */
export interface TemplateFault {
  /** `:line:column`. */
  readonly place: string;
  readonly message: string;
}

/** A fault that the engine found, with its place. Throws what is none. */
export function templateFault(error: unknown): TemplateFault {
  if (!LiquidError.is(error)) throw error;
  const [line, column] = error.token.getPosition();
  return { place: `:${line}:${column}`, message: error.message.replace(/, line:\d+.*$/s, "") };
}
