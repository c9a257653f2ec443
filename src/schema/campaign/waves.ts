import { type RunLocalTime, type Wave, type WaveState, waveStates } from "../../campaign/progress/waves.ts";
import { builder } from "../kit/builder.ts";
import { enumOf } from "../kit/enum.ts";

const viewers = { role: "viewer" } as const;

const waveWords: Readonly<Record<WaveState, string>> = {
  WAITING: "Its time is still to come.",
  RUNNING: "Its members are being looked for and written.",
  DONE: "All its members are in the ledger.",
};

const WaveStateEnum = enumOf("WaveState", "How far a wave is.", waveStates, (state) => waveWords[state]);

const WaveType = builder.objectRef<Wave>("Wave").implement({
  description: "Members on whose clocks it is their turn at one moment.",
  authScopes: viewers,
  fields: (t) => ({
    at: t.expose("at", { type: "DateTime", description: "When that is." }),
    offset: t.exposeString("offset", { description: "How far their clocks are from UTC then, `+05:30`." }),
    zones: t.field({
      type: ["String"],
      description: "Their time zones; among them the shop's for members who have none.",
      resolve: ({ zones }) => [...zones],
    }),
    members: t.exposeInt("members", {
      description: "Members of it who are in the ledger; in a simulation, whom it would find now.",
    }),
    state: t.expose("state", { type: WaveStateEnum, description: "How far it is." }),
    isSkipped: t.exposeBoolean("isSkipped", {
      description: "Whether their time had passed, and nobody of it is sent to.",
    }),
  }),
});

export const WavesType = builder.objectRef<RunLocalTime>("RunLocalTime").implement({
  description: "How a run goes round the earth, by members' own clocks.",
  authScopes: viewers,
  fields: (t) => ({
    time: t.exposeString("time", { description: "What a clock shows when it is its turn: `2027-06-01T09:00:00`." }),
    waves: t.expose("waves", {
      type: [WaveType],
      description: "The waves, the first one first: some 40 at most, and one more where members changed zones.",
    }),
    withoutZone: t.exposeInt("withoutZone", {
      description: "Of its members those who have no time zone of their own: the shop's counts for them.",
    }),
  }),
});
