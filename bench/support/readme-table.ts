/** What all benches found, and where. */
export interface Results {
  readonly bench: "all";
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly kernel: string;
    readonly bun: string;
    readonly date: string;
  };
  /** The last line of each bench, by its name. */
  readonly results: Readonly<Record<string, unknown>>;
}

// biome-ignore lint/suspicious/noExplicitAny: each bench's own shape, looked at as far as it is there
type Result = any;

const many = (value: number) => Math.round(value).toLocaleString("en");
const ms = (value: number) => (value < 10 ? value.toFixed(1) : many(value));

/** What is told of a bench, a row each: what, and the figure. */
const rows: Readonly<Record<string, (result: Result) => readonly (readonly [string, string])[]>> = {
  app: ({ operations }) =>
    Object.entries<Result>(operations).map(([name, { perSecond, ratio, p50, p99, cpuMicros }]) => [
      `\`${name}\` through \`/app\``,
      `${many(perSecond)}/s, ${ratio} of its limit; p50 ${ms(p50)} ms, p99 ${ms(p99)} ms, ${cpuMicros} µs of processor`,
    ]),
  claim: ({ claimsPerSecond, ratio, refusalsPerSecond, refusalRatio, gatePerSecond, postgres }) => [
    [
      "claims, durable before the answer; refusals of a sold-out coupon",
      `${many(claimsPerSecond)}/s, ${ratio} of the bare gate script behind HTTP (${many(gatePerSecond)}/s); ` +
        `${many(refusalsPerSecond)}/s, ${refusalRatio}` +
        (postgres ? `; PostgreSQL's \`UPDATE\` and \`INSERT\` by pgbench ${many(postgres.claimsPerSecond)}/s` : ""),
    ],
  ],
  processes: ({ operations }) =>
    Object.entries<Result>(operations).map(([name, { perSecond, ratio, p99 }]) => [
      `\`${name}\`, two servers on one port`,
      `${many(perSecond)}/s, ${ratio} of one server; p99 ${ms(p99)} ms`,
    ]),
  fanout: (result) => [["an in-app campaign", toMembers(result)]],
  considerate: ({ perSecond, ratio, settings: { members } }) => [
    [
      "the same with consent, caps and quiet hours",
      `${many(perSecond)} members/s to ${many(members)} members, ${ratio} of one where nothing is asked`,
    ],
  ],
  "local-time": ({ perSecond, ratio, settings: { members, offsets } }) => [
    [
      "the same by members' own clocks",
      `${many(perSecond)} members/s to ${many(members)} members in ${offsets} waves, ${ratio} of a plain one's`,
    ],
  ],
  schedule: ({ p50, p99, perSecond, ratio, settings: { schedules } }) => [
    [
      "schedules due at one second",
      `${many(perSecond)}/s of ${many(schedules)}, ${ratio} of the bare statements; ` +
        `late by p50 ${ms(p50)} ms, p99 ${ms(p99)} ms`,
    ],
  ],
  issue: (result) => [["coupons straight into the wallets", toMembers(result)]],
  import: ({ shapes }) =>
    shapes.map(({ shape, perSecond, ratio }: Result) => [
      `a file of members: ${shape}`,
      `${many(perSecond)} members/s, ${ratio} of the bare statements`,
    ]),
  distribute: ({ files, settings: { rows } }) =>
    files.map(({ kind, perSecond, ratio, peakRssMiB }: Result) => [
      `coupons for a spreadsheet: ${kind}`,
      `${many(perSecond)} rows/s of ${many(rows)}, ${ratio} of the reader and the bare insert; ` +
        `${peakRssMiB} MiB at its peak`,
    ]),
  broker: ({ deliveriesPerSecond, ratio, acceptancesPerSecond: { single, batched }, latencyMs: { p50, p99 } }) => [
    [
      "the embedded queue: signed deliveries over loopback, each outcome on disk",
      `${many(deliveriesPerSecond)}/s, ${ratio} of BullMQ's empty jobs; accepts ${many(single)}/s one by one, ` +
        `${many(batched)}/s in batches; p50 ${ms(p50)} ms, p99 ${ms(p99)} ms`,
    ],
  ],
  boot: ({ bootMs, idleRssMiB, usedRssMiB, settings: { documents } }) => [
    [
      `from the start to \`/readyz\`, with ${many(documents)} documents`,
      `${many(bootMs)} ms; ${idleRssMiB} MiB, ${usedRssMiB} MiB once all were asked for`,
    ],
  ],
};

function toMembers({ perSecond, ratio, peakRssMiB, settings: { members } }: Result): string {
  const whom = `to ${many(members)} members`;
  return `${many(perSecond)} members/s ${whom}, ${ratio} of the bare statements; ${peakRssMiB} MiB at its peak`;
}

/** README's table, with the machine that it was made on. */
export function tableOf({ machine, results }: Results): string {
  const { cpu, cores, memoryGiB, kernel, bun, date } = machine;
  const told = Object.entries<Result>(results).flatMap(([name, result]) =>
    result.failed ? [[name, "failed"] as const] : (rows[name]?.(result) ?? []),
  );
  return [
    `${date}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, kernel ${kernel}, Bun ${bun}:`,
    "",
    "| what | figure |",
    "| --- | --- |",
    ...told.map(([what, figure]) => `| ${what} | ${figure} |`),
  ].join("\n");
}
