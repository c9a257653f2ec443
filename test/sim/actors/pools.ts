import type { Actor } from "../actor.ts";
import { expectNoErrors, named, pause, told } from "../world/told.ts";
import { codesKnown, offered } from "./offered.ts";

/** Operators who have codes made, stop that and go on, and take them out to print them. */
export const pools: Actor = {
  name: "pools",
  deeds: {
    fill: {
      weight: 3,
      async do(world, chance) {
        const templates = world.known(offered).filter(({ isPooled }) => isPooled);
        if (templates.length === 0) return;
        const { id, pools: made } = chance.pick(templates);
        const input = { templateId: id, codes: chance.pick([3, 25, 200]), idempotencyKey: `p${chance.hex(6)}` };
        const ask = () => world.admin.does("createCodePool", input, "CodePool { id }");
        let answer = await ask();
        world.story.say(`an operator has ${input.codes} codes made for ${named(id)}: ${told(answer)}`);
        if (answer.kind === "lost") {
          await pause(world, chance.pick([0, 5_000]));
          answer = await ask();
          world.story.say(`an operator asks for them again: ${told(answer)}`);
        }
        expectNoErrors("createCodePool", answer);
        if (answer.kind === "data") made.push(answer.data.id);
      },
    },
    steer: {
      weight: 1,
      async do(world, chance) {
        const ids = world.known(offered).flatMap((template) => template.pools);
        if (ids.length === 0) return;
        const poolId = chance.pick(ids);
        const verb = chance.pick(["pauseCodePool", "resumeCodePool", "resumeCodePool", "cancelCodePool"]);
        const answer = await world.admin.does(verb, { poolId }, "CodePool { id state }");
        world.story.say(`an operator says ${verb} of ${named(poolId)}: ${told(answer)}`);
        expectNoErrors(verb, answer);
      },
    },
    print: {
      weight: 2,
      async do(world, chance) {
        const printed = world.known(offered).filter(({ issueMode, pools: made }) => issueMode === "CODE" && made[0]);
        if (printed.length === 0) return;
        const id = chance.pick(chance.pick(printed).pools);
        const { network, process } = world;
        const answer = await world.admin.ask("query ($id: ID!) { codePool(id: $id) { exportUrl } }", { id });
        if (answer.kind !== "data" || !answer.data.codePool) return;
        const headers = { authorization: `Bearer ${process.adminToken}` };
        const rows = await network.call(new Request(answer.data.codePool.exportUrl, { headers })).then(
          (response) => (response.ok ? response.text() : ""),
          () => "",
        );
        const codes = rows
          .split(/\r?\n/)
          .slice(1)
          .map((row) => row.split(",")[0]?.replaceAll('"', "") ?? "");
        const known = world.known(codesKnown);
        const fresh = codes.filter((code) => code !== "" && !known.includes(code)).slice(0, 40);
        known.push(...fresh);
        world.story.say(`an operator prints ${fresh.length} codes of ${named(id)}`);
      },
    },
  },
};
