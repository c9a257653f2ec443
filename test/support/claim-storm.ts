import { appendFileSync } from "node:fs";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { globalId } from "../../src/ids.ts";
import { memberToken } from "./ask.ts";

// A crowd that claims coupons over HTTP, as a process of its own: bun claim-storm.ts '<JSON of Storm>'. Writes a line
// for each answer to `file` as it comes, so that nothing acknowledged is forgotten when a server is killed, and ends
// when all is asked.

/** What the crowd does. */
export interface Storm {
  readonly url: string;
  readonly file: string;
  /** The template's number. */
  readonly template: number;
  readonly requests: number;
  /** Members are numbered from 1; the first to claim is `firstMember`. */
  readonly firstMember: number;
  readonly members: number;
  readonly inFlight: number;
  /**
   * Shares of requests that come from a member who has claimed already, and that repeat an earlier one with its key.
   */
  readonly again: number;
  readonly repeated: number;
  readonly seed: number;
  /** Stop at the first request that finds no server. */
  readonly untilGone: boolean;
}

/** One answer: who asked, by which key, and what came back: a type of the schema, `ERROR` or `GONE`. */
export interface Answered {
  readonly member: number;
  readonly key: string;
  readonly type: string;
  readonly id?: string;
  readonly message?: string;
  /** Requests under way when this one was sent. */
  readonly together: number;
}

export interface Wish {
  readonly member: number;
  readonly key: string;
}

const query = `mutation ($t: ID!, $k: String!) { claimCoupon(input: { templateId: $t, idempotencyKey: $k }) {
  __typename ... on Coupon { id } ... on Refusal { message } } }`;

if (import.meta.main) await storm(JSON.parse(process.argv[2] ?? ""));

async function storm(plan: Storm): Promise<void> {
  const wishes = wishesOf(plan);
  let next = 0;
  let together = 0;
  let gone = false;
  const lines: string[] = [];
  const flush = () => lines.length > 0 && appendFileSync(plan.file, lines.splice(0).join(""));
  const writing = setInterval(flush, 5); // one write for what came together
  const worker = async () => {
    for (let wish = wishes[next++]; wish && !gone; wish = wishes[next++]) {
      together += 1;
      const answered = await askClaim(plan, wish, together);
      together -= 1;
      lines.push(`${JSON.stringify(answered)}\n`);
      if (answered.type === "GONE" && plan.untilGone) gone = true;
    }
  };
  await Promise.all(Array.from({ length: plan.inFlight }, worker));
  clearInterval(writing);
  flush();
}

function wishesOf({ requests, firstMember, members, again, repeated, seed }: Storm): Wish[] {
  const random = seededRandom(seed);
  const wishes: Wish[] = [];
  let fresh = 0;
  for (let n = 0; n < requests; n++) {
    const earlier = wishes[Math.floor(random() * wishes.length)];
    const dice = random();
    if (earlier && dice < repeated) wishes.push(earlier);
    else if (earlier && dice < repeated + again) wishes.push({ member: earlier.member, key: `again-${seed}-${n}` });
    else wishes.push({ member: 1 + ((firstMember - 1 + fresh++) % members), key: `first-${seed}-${n}` });
  }
  return wishes;
}

/** Claims once and says what was answered, or that nobody did. */
export async function askClaim(
  { url, template }: Pick<Storm, "url" | "template">,
  { member, key }: Wish,
  together: number,
): Promise<Answered> {
  try {
    const response = await fetch(`${url}/app`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${await memberToken(member)}`,
        // Each member has an address of their own, as the proxy in front tells it.
        "x-forwarded-for": `10.${(member >> 16) & 255}.${(member >> 8) & 255}.${member & 255}`,
      },
      body: JSON.stringify({ query, variables: { t: globalId("CouponTemplate", template), k: key } }),
    });
    const body = await response.json();
    const answer = body.data?.claimCoupon;
    if (!answer) return { member, key, type: "ERROR", message: JSON.stringify(body).slice(0, 300), together };
    return { member, key, type: answer.__typename, id: answer.id, message: answer.message, together };
  } catch (error) {
    return { member, key, type: "GONE", message: String(error).slice(0, 100), together };
  }
}
