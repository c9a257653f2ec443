/** What a piece of work took: by the clock, and of the processors, which others on the machine change less. */
export interface Spent {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Starts measuring; call the answer when the work is done. */
export function spending(): () => Spent {
  const [began, before] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1_000_000 };
  };
}

/** Rate and cost of work that was done for so many members. */
export function perMember(members: number, { seconds, cpuSeconds }: Spent) {
  return {
    perSecond: Math.round(members / seconds),
    cpuMicros: Number(((cpuSeconds * 1_000_000) / members).toFixed(2)),
  };
}
