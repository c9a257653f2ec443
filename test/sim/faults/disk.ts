import type { Fault } from "../actor.ts";
import { openBeside } from "../kernel/disk.ts";

/** What befalls the file that everything is in. */
export const diskFaults: readonly Fault[] = [
  {
    name: "disk full",
    weight: 3,
    happen: ({ boundaries, engine, story }, chance) => {
      const ms = chance.pick([200, 5_000, 90_000]);
      story.say(`the disk is full for ${ms / 1_000} s`);
      boundaries.isFull = true;
      const end = () => {
        boundaries.isFull = false;
      };
      engine.after(ms, end, false);
    },
  },
  {
    name: "log's disk full",
    weight: 4,
    happen: ({ boundaries, engine, story }, chance) => {
      const ms = chance.pick([90_000, 900_000, 3_600_000]);
      story.say(`the log's stream throws for ${ms / 1_000} s`);
      boundaries.isLogFull = true;
      const end = () => {
        boundaries.isLogFull = false;
      };
      engine.after(ms, end, false);
    },
  },
  {
    name: "database locked",
    weight: 5,
    happen: ({ file, engine, story }, chance) => {
      const ms = chance.pick([50, 1_000, 12_000]);
      const other = openBeside(file);
      try {
        other.exec("BEGIN IMMEDIATE");
      } catch {
        other.close();
        return; // the shop itself has it just now
      }
      story.say(`another process holds the database for ${ms / 1_000} s`);
      const end = () => {
        other.exec("COMMIT");
        other.close();
      };
      engine.after(ms, end, false);
    },
  },
];
