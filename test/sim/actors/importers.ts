import type { Actor } from "../actor.ts";
import { expectNoErrors, pause, told } from "../world/told.ts";
import { membersKnown } from "./members.ts";

const filesSent = (): { name: string; csv: string; rows: number }[] => [];

/** The shop's backend sends files of its members: each night, and sometimes one of them again, or an old one late. */
export const importers: Actor = {
  name: "importers",
  deeds: {
    send: {
      weight: 3,
      async do(world, chance) {
        const files = world.known(filesSent);
        const known = world.known(membersKnown);
        const fresh = () => {
          const many = chance.between(1, 30);
          const ids = Array.from({ length: many }, () => chance.pick(known));
          const rows = [...new Set(ids)].map((id) => `${id},${chance.between(0, 3)},Name ${chance.hex(3)}`);
          const csv = ["externalId,level,name", ...rows, ""].join("\n");
          return { name: `members-${chance.hex(4)}.csv`, csv, rows: rows.length };
        };
        const file = files.length > 0 && chance.happens(0.4) ? chance.pick(files) : fresh();
        if (!files.includes(file)) files.push(file);
        const { name, csv, rows } = file;
        const ask = () =>
          world.admin.does(
            "importMembers",
            { name, csv },
            "MemberImport { id state rows created updated unchanged faulty }",
          );
        let answer = await ask();
        world.story.say(`the shop sends ${name}: ${told(answer)}`);
        if (answer.kind === "lost") {
          await pause(world, chance.pick([0, 5_000]));
          answer = await ask();
          world.story.say(`the shop sends ${name} again: ${told(answer)}`);
        }
        expectNoErrors("importMembers", answer);
        if (answer.kind !== "data" || answer.data.state !== "DONE") return;
        const { created, updated, unchanged, faulty } = answer.data;
        if (answer.data.rows !== rows || created + updated + unchanged + faulty !== rows || faulty > 0)
          throw new Error(`${name} has ${rows} rows of members, and was told ${JSON.stringify(answer.data)}`);
      },
    },
  },
};
