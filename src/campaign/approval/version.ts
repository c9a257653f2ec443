import type { Context } from "../../context.ts";
import { subjectOf } from "../../transition/audit.ts";
import { type Revision, revisionsAfter, versionsOf } from "../../transition/revision.ts";
import type { Campaign } from "../draft/campaign.ts";
import { offerOf, promotionOf, segmentOf } from "./subjects.ts";

/*
 * The version of a campaign is what somebody read who approves it: the campaign's own, that of its segment, of its
 * coupon template and of the promotion that it tells of, the number of members that it was submitted with, and whether
 * approving launches it. To callers it is one opaque text.
 */

/** The version of each of these campaigns, in their order. */
export async function campaignVersions(ctx: Context, campaigns: readonly Campaign[]): Promise<string[]> {
  const named = campaigns.map((campaign) => [
    subjectOf("campaign", campaign.id),
    segmentOf(campaign),
    offerOf(campaign),
    promotionOf(campaign),
  ]);
  const subjects = [...new Set(named.flat(2))];
  const versions = await versionsOf(ctx, subjects);
  const at = new Map(subjects.map((subject, i) => [subject, versions[i] ?? 0]));
  const of = ([subject]: readonly string[]) => (subject === undefined ? 0 : (at.get(subject) ?? 0));
  return campaigns.map((campaign) => {
    const { frozen } = campaign;
    const segment = frozen ? frozen.segmentVersion : of(segmentOf(campaign));
    const own = of([subjectOf("campaign", campaign.id)]);
    const launches = Number(campaign.launchWhenApproved);
    const told = of(promotionOf(campaign));
    return [own, segment, of(offerOf(campaign)), frozen?.members ?? 0, launches, told].join(".");
  });
}

export async function campaignVersion(ctx: Context, campaign: Campaign): Promise<string> {
  return (await campaignVersions(ctx, [campaign]))[0] ?? "";
}

/** What became different since the version that somebody read, in words; nothing when that is the version of now. */
export async function changesSince(ctx: Context, campaign: Campaign, read: string): Promise<string | undefined> {
  const current = await campaignVersion(ctx, campaign);
  if (read === current) return undefined;
  const [then, now] = [read, current].map((version) => version.split(".").map(Number));
  const whatOf = async (i: number, name: string, [subject]: readonly string[]) => {
    const from = then?.[i] ?? 0;
    if (subject === undefined || from === now?.[i]) return [];
    return (await revisionsAfter(ctx, subject, from)).map((revision) => `${name}: ${inWords(revision)}`);
  };
  const changes = [
    ...(await whatOf(0, "the campaign", [subjectOf("campaign", campaign.id)])),
    ...(await whatOf(1, "its segment", segmentOf(campaign))),
    ...(await whatOf(2, "its coupon template", offerOf(campaign))),
    ...(await whatOf(5, "its promotion", promotionOf(campaign))),
    ...(then?.[3] === now?.[3] ? [] : [`it selects ${now?.[3]} members`]),
    ...(then?.[4] === now?.[4] ? [] : [now?.[4] ? "approving launches it" : "approving does not launch it"]),
  ];
  return changes.join("; ") || `there is no version ${read.slice(0, 100)} of it`;
}

function inWords({ fields, actor }: Revision): string {
  return `${fields.join(", ")} by ${actor}`;
}
