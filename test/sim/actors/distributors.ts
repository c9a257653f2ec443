import type { Actor } from "../actor.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Answer } from "../world/caller.ts";
import { named, pause } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { begins, type Step, saidOfRows, steps, uploaded } from "./distributed.ts";
import { callFile } from "./file-calls.ts";
import { offered } from "./offered.ts";
import { correctedReport, type Listed } from "./reports.ts";
import { type Sheet, type SheetRow, sheetOf, sheets, writeSheet } from "./sheets.ts";
import { colleagues, insist, type Person, somebody, tell, tokenOf } from "./staff.ts";

/** So many sheets are sent: each costs as much as a stretch of other deeds. */
const mostSheets = 9;

/** Operators who give coupons to the members of spreadsheets, hold that, end it, take it back, and mend what failed. */
export const distributors: Actor = {
  name: "distributors",
  async amend(world) {
    for (const { id, state } of await listed(world, somebodyOf(world, "the admin")))
      if (state === "PAUSED") await step(world, somebodyOf(world, "the admin"), "resumeDistribution", id, true);
  },
  deeds: {
    send: {
      weight: 4,
      async do(world, chance) {
        const templateId = someTemplate(world, chance);
        if (templateId === undefined || isEnough(world)) return;
        const who = somebody(world, chance);
        const sheet = writeSheet(world, chance, templateId);
        const others = chance.happens(0.2) ? [sheetOf(chance, sheet)] : [];
        await Promise.all([sheet, ...others].map((each) => goesThrough(world, chance, who, each)));
      },
    },
    steer: {
      weight: 4,
      async do(world, chance) {
        const who = somebody(world, chance);
        const all = await listed(world, who);
        const verb = chance.pick(Object.keys(fit));
        const wanted = all.filter(({ state }) => fit[verb]?.includes(state));
        const among = chance.happens(0.9) ? wanted : all;
        if (among.length > 0) await step(world, who, verb, chance.pick(among).id, chance.happens(0.5));
      },
    },
    followUp: {
      weight: 4,
      async do(world, chance) {
        const who = somebody(world, chance);
        const all = await listed(world, who);
        const over = all.filter(({ state }) => ["COMPLETED", "CANCELLED"].includes(state) || chance.happens(0.05));
        if (over.length === 0 || isEnough(world)) return;
        const sheet = await correctedReport(world, chance, who, chance.pick(over));
        if (sheet) await goesThrough(world, chance, who, sheet);
      },
    },
    ask: { weight: 3, do: (world, chance) => askWhy(world, chance) },
  },
};

const fit: Readonly<Record<string, readonly string[]>> = {
  startDistribution: ["READY"],
  pauseDistribution: ["RUNNING"],
  resumeDistribution: ["PAUSED"],
  cancelDistribution: ["READY", "PAUSED", "RUNNING"],
  withdrawDistribution: ["PAUSED", "COMPLETED", "CANCELLED"],
};

function isEnough(world: World): boolean {
  return world.known(sheets).size >= mostSheets;
}

/** Mostly one of those that a shop may give itself, and that nobody has ended. */
function someTemplate(world: World, chance: Chance): string | undefined {
  const all = world.known(offered);
  const given = all.filter(({ issueMode, mayBeOver }) => issueMode !== "CODE" && !mayBeOver);
  const among = chance.happens(0.9) ? given.slice(-8) : all;
  return among.length > 0 ? chance.pick(among).id : undefined;
}

function somebodyOf(world: World, name: string): Person {
  const found = world.known(colleagues).find((each) => each.name === name);
  return { name, caller: found ? world.holder(found.token) : world.admin };
}

async function listed({ story }: World, { caller }: Person): Promise<readonly Listed[]> {
  const answer = await caller.ask("{ distributions(first: 50) { nodes { id state file template { id } } } }");
  if (answer.kind === "errors") throw new Error(answer.message);
  if (answer.kind !== "data") story.say(`nobody tells which distributions there are: ${answer.kind}`);
  return answer.kind === "data" ? answer.data.distributions.nodes : [];
}

/** Uploads a sheet, has it started once it is checked, and sometimes thinks better of it in the midst. */
async function goesThrough(world: World, chance: Chance, who: Person, sheet: Sheet): Promise<void> {
  world.known(sheets).set(sheet.name, sheet);
  const isTwice = chance.happens(0.15);
  const [id] = await Promise.all([upload(world, chance, who, sheet), isTwice && upload(world, chance, who, sheet)]);
  if (id === undefined || chance.happens(0.1) || !(await isReady(world, who, id))) return;
  const second = chance.pick([undefined, undefined, "pauseDistribution", "cancelDistribution"]);
  // From when it is asked to start: coupons are given within a tenth of a second.
  const afterMs = chance.pick([0, 20, 35, 50, 70, 120, 5_000]);
  const takesBack = chance.happens(0.3);
  const interrupts = async (verb: string) => {
    await pause(world, afterMs);
    await step(world, who, verb, id, true);
  };
  await Promise.all([starts(world, who, id), second && interrupts(second)]);
  if (takesBack) {
    await pause(world, chance.pick([500, 60_000]));
    await step(world, who, "withdrawDistribution", id, true);
  }
  if (second !== "pauseDistribution") return;
  await pause(world, chance.pick([200, 20_000]));
  await step(world, who, "resumeDistribution", id, true);
}

/** Starts it; where a second person is needed, asks one. */
async function starts(world: World, who: Person, id: string): Promise<boolean> {
  const answer = await step(world, who, "startDistribution", id, true);
  if (answer.kind !== "refused" || answer.refusal !== "NEEDS_APPROVAL") return answer.kind === "data";
  await step(world, somebodyOf(world, who.name === "Ada" ? "the admin" : "Ada"), "approveDistribution", id, true);
  return (await step(world, who, "startDistribution", id, true)).kind === "data";
}

async function isReady(world: World, { caller }: Person, id: string): Promise<boolean> {
  for (const waitMs of [300, 700, 3_000, 10_000, 60_000]) {
    await pause(world, waitMs);
    const answer = await caller.ask("query ($id: ID!) { distribution(id: $id) { state } }", { id });
    const state = answer.kind === "data" ? answer.data.distribution?.state : undefined;
    if (state !== undefined && state !== "UPLOADED" && state !== "VALIDATING") return state === "READY";
  }
  return false;
}

/** One verb about a distribution, and what was answered, which is kept. */
async function step(world: World, who: Person, verb: string, id: string, insists: boolean): Promise<Answer> {
  const kept: Step = { id, verb, asked: world.engine.elapsed };
  world.known(steps).push(kept);
  begins(world);
  const input = { distributionId: id, ...(verb === "withdrawDistribution" && { reason: "a mistake" }) };
  let wasLost = false;
  const ask = async () => {
    const answer = await who.caller.does(verb, input, "Distribution { id state issued }");
    wasLost ||= answer.kind === "lost";
    return answer;
  };
  const answer = await (insists ? insist(world, ask) : ask());
  tell(world, `${who.name}: ${verb} ${named(id)}`, answer);
  if (!wasLost) kept.ended = world.engine.elapsed;
  if (answer.kind === "data") kept.told = answer.data;
  return answer;
}

/** Sends a sheet, by a token or to an address of its own, again where nobody answers; answers the distribution's id. */
async function upload(world: World, chance: Chance, who: Person, sheet: Sheet): Promise<string | undefined> {
  const channels = chance.pick([undefined, undefined, ["EMAIL"], ["IN_APP", "SMS"]]);
  const type = sheet.isWorkbook ? "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" : "text/csv";
  const url = sheet.isOnce ? await address(world, who, sheet, channels) : direct(world, sheet, channels);
  if (url === undefined) return undefined;
  begins(world);
  const [method, token] = sheet.isOnce ? (["PUT", undefined] as const) : (["POST", tokenOf(world, who)] as const);
  const put = () => callFile(world, { url, method, type, body: sheet.bytes, ...(token && { token }) });
  const again = chance.happens(0.1) ? put() : undefined;
  const answer = await insist(world, put);
  for (const each of [answer, await again]) {
    if (each?.kind === "data") world.known(uploaded).push({ id: each.data.distribution.id, file: sheet.name });
    if (each) tell(world, `${who.name} sends ${sheet.name} of ${sheet.rows.length} rows`, toldOf(each));
  }
  return answer.kind === "data" ? answer.data.distribution.id : undefined;
}

function toldOf(answer: Answer): Answer {
  return answer.kind === "data" ? { kind: "data", data: answer.data.distribution } : answer;
}

function direct({ process }: World, { name, templateId, followsId }: Sheet, channels?: readonly string[]): string {
  const params = new URLSearchParams({ template: templateId, name });
  if (followsId) params.set("follows", followsId);
  if (channels) params.set("channels", channels.join(","));
  return `${process.url}/distributions?${params}`;
}

/** An address that takes this file once: two of them are two files. */
async function address(world: World, who: Person, sheet: Sheet, channels?: readonly string[]) {
  const { name, templateId, followsId } = sheet;
  const input = { templateId, name, ...(followsId && { followsId }), ...(channels && { notice: { channels } }) };
  const answer = await insist(world, () =>
    who.caller.does("createDistributionUpload", input, "DistributionUpload { url }"),
  );
  tell(world, `${who.name} asks where to send ${name}`, answer.kind === "data" ? { kind: "data", data: {} } : answer);
  if (answer.kind !== "data") return undefined;
  sheet.addresses += 1;
  return answer.data.url as string;
}

/** Somebody asks why a member got one or not; what is said of one that has ended is kept. */
async function askWhy(world: World, chance: Chance): Promise<void> {
  const all = world.known(uploaded);
  if (all.length === 0) return;
  const { id, file } = chance.pick(all);
  const members =
    world
      .known(sheets)
      .get(file)
      ?.rows.flatMap(({ means }) => memberOf(means)) ?? [];
  if (members.length === 0) return;
  const externalId = chance.pick(members);
  const { caller, name } = somebody(world, chance);
  const query = `query ($id: ID!, $externalId: String!) {
    distribution(id: $id) { state } whyDistributed(distributionId: $id, externalId: $externalId) { summary row } }`;
  const answer = await caller.ask(query, { id, externalId });
  world.story.say(`${name} asks what ${named(id)} did for ${externalId}: ${answer.kind}`);
  if (answer.kind !== "data" || !["COMPLETED", "CANCELLED"].includes(answer.data.distribution.state)) return;
  world.known(saidOfRows).push({ id, externalId, ...answer.data.whyDistributed });
}

export function memberOf(means: SheetRow["means"]): string[] {
  return typeof means === "object" ? [means.member] : [];
}
