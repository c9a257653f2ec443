import type { Example } from "./graphiql.ts";

/** The operations that the playground opens with. */
export const exampleOperations: readonly Example[] = [];
