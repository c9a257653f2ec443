/** Whether tests take their long form: `bun run test:fault`, which has FAULT=long. */
export const isLong = Bun.env.FAULT === "long";

/** How much of something a test does: in the suite, and in its long form. */
export function counted(short: number, long: number): number {
  return isLong ? long : short;
}
