import { parseArgs } from "node:util";
import type { Operation } from "./support/app-operations.ts";
import { withSeeded } from "./support/app-shop.ts";
import type { Child } from "./support/children.ts";
import { median, rounded } from "./support/figures.ts";
import { load } from "./support/load.ts";
import { hold } from "./support/open-loop.ts";
import { readRequests, readRoad } from "./support/requests.ts";

/**
 * A load that is held: claims at half the rate that was measured just before, each sent at its time, beside an in-app
 * campaign to all members every so often. Tells the errors, latencies beside those without campaigns (ms), and what the
 * server's memory (MiB) and event loop (ms, of each sample's span) did meanwhile.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "10" },
      members: { type: "string", default: "1000000" },
      /** Seconds between two campaigns. */
      every: { type: "string", default: "120" },
      claimants: { type: "string", default: "50000" },
      road: { type: "string", default: "lane" },
      json: { type: "boolean" },
    },
  });
  const [minutes, members, every] = [Number(values.minutes), Number(values.members), Number(values.every)];
  const claimants = Math.min(Number(values.claimants), members);
  const crowd = { readers: 1_000, newcomers: 0, claimants, others: Math.max(0, members - claimants - 1_000) };
  const sizes = { road: readRoad(values.road), crowd, only: ["claim"] };
  const found = await withSeeded(sizes, async ({ operations, serve, shop }) => {
    const [claim] = operations;
    if (!claim) throw new Error("there is nothing to claim");
    const server = await serve({ APPROVAL_ABOVE: "1000000000" });
    return held(server, claim, { admin: shop.admin, seconds: minutes * 60, every });
  });
  const result = { bench: "held", ...found, settings: { minutes, members, every, claimants, road: sizes.road } };
  if (!values.json) console.error(`${found.loaded.failed} failed; p99 ${found.loaded.p99} ms, ${found.p99Ratio} of it`);
  console.log(JSON.stringify(result));
}

interface Holding {
  readonly admin: string;
  readonly seconds: number;
  readonly every: number;
}

async function held(server: Child, claim: Operation, { admin, seconds, every }: Holding) {
  const app = `${server.url}/app`;
  const most = await load(app, claim.requests, { connections: 64, seconds: 5 });
  const requests = readRequests(await Bun.file(claim.requests).text());
  const plan = { url: app, requests, perSecond: most.perSecond / 2, fault: claim.fault };
  await hold({ ...plan, seconds: 3 }); // warm
  const unloaded = await hold({ ...plan, seconds: Math.min(20, seconds) });
  const watch = watchServer(server);
  const campaigns = launchEvery(every, server.url, admin);
  const loaded = await hold({ ...plan, seconds });
  const runs = await campaigns.stop();
  return {
    mostPerSecond: Math.round(most.perSecond),
    unloaded,
    loaded,
    p99Ratio: rounded(loaded.p99 / unloaded.p99, 2),
    ...runs,
    ...watch.stop(),
  };
}

/** Looks at the server's memory, and at how late its event loop was since the last look. */
function watchServer(server: Child) {
  const rss: number[] = [server.rssMiB()];
  const lags: number[] = [];
  const look = async () => {
    rss.push(server.rssMiB());
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const lag = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1];
    if (lag !== undefined) lags.push(Number(lag) * 1_000);
  };
  const timer = setInterval(() => void look().catch(() => {}), 5_000);
  return {
    stop: () => {
      clearInterval(timer);
      return {
        rssMiB: rss.map((each) => rounded(each, 0)),
        lagP99Ms: { median: rounded(median(lags), 1), max: rounded(Math.max(...lags), 1) },
      };
    },
  };
}

const create = `mutation { createCampaign(input: { name: "Held", channels: [IN_APP], content: [
  { parts: { inApp: { title: "Hello {{ member.externalId }}", body: "A bench." } } }] }) {
  ... on Campaign { id } ... on Refusal { message } } }`;
const launch = `mutation ($id: ID!) { launchCampaign(input: { campaignId: $id }) {
  ... on Campaign { id } ... on Refusal { message } } }`;
const states = `query { runs(first: 200) { nodes { state campaign { name } } } }`;

/** Launches a campaign to everyone every so many seconds, and tells in the end what became of them. */
function launchEvery(every: number, url: string, admin: string) {
  const ask = async (query: string, variables: object = {}) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${admin}` };
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers,
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  let launching = Promise.resolve();
  const next = () => {
    launching = launching.then(async () => {
      const { createCampaign } = await ask(create);
      const { launchCampaign } = await ask(launch, { id: createCampaign.id });
      if (!launchCampaign.id) throw new Error(launchCampaign.message);
    });
    launching.catch(() => {}); // told by stop
  };
  next();
  const timer = setInterval(next, every * 1_000);
  return {
    stop: async () => {
      clearInterval(timer);
      await launching;
      const { runs } = await ask(states);
      const own = runs.nodes.filter((run: { campaign: { name: string } }) => run.campaign.name === "Held");
      const isDone = ({ state }: { state: string }) => state === "COMPLETED";
      return { campaigns: own.length, campaignsDone: own.filter(isDone).length };
    },
  };
}
