import { type Example, refusal } from "../kit/example.ts";

const progressFields = `state matched pages pagesWritten done total perSecond etaSeconds waitsFor
    channels { channel pending sending sent skipped failed cancelled unknown reasons { state reason sends words } }`;

/** What a run does, why someone was reached or not, and what the queue holds up. */
export const runExamples: readonly Example[] = [
  {
    query: `# 7. How far the newest runs are.
query Progress {
  runs(first: 5) {
    nodes { id number campaign { name } progress {
    ${progressFields}
    } }
  }
}`,
  },
  {
    query: `# The same, live, until the run ends.
subscription WatchRun($run: ID!) {
  runProgress(runId: $run) {
    ${progressFields}
  }
}`,
    variables: (made) => ({ run: made("Run") }),
  },
  {
    query: `# 8. Why did this member get it, or not?
query Why($run: ID!, $externalId: String) {
  whyMember(runId: $run, externalId: $externalId) { summary channels { channel state reason at words } }
}`,
    variables: (made) => ({ run: made("Run"), externalId: "kim" }),
  },
  {
    query: `# 9. Is a message late? What each run waits for, why that is where it is, and what to do about it.
query Late {
  runs(first: 5) { nodes { id state openMessages(first: 10) {
    messageId job subject state attempts { at outcome status answer nextAt }
    why { verdict summary advice until letterId }
  } } }
}`,
  },
  {
    query: `# What waits for the queue and in it, what holds it back, and how it did lately.
query Queue {
  queueStatus {
    outbox { waiting oldestAt error pausedUntil }
    error
    queue {
      flows { name waiting running parallelism rate { most periodSeconds used } paused pinned }
      inFlight { running most }
      deadLetters { atLeast more }
      rates { seconds deliveredPerMinute failedAttemptsPerMinute deadPerMinute meanAttempts }
    }
  }
}`,
  },
  {
    query: `# pauseFlow holds a flow's messages, this lets them go on.
# setFlowLimits and clearFlowLimits change its pace.
mutation ResumeFlow($input: ResumeFlowInput!) {
  resumeFlow(input: $input) {
    ... on QueueFlow { name waiting paused }
    ${refusal}
  }
}`,
    variables: { input: { flow: "EMAIL" } },
  },
  {
    query: `# What the queue gave up. Mend the cause, then replayDeadLetter: the run goes on.
query DeadLetters {
  deadLetters(first: 20) { nodes { letterId job payload status answer diedAt } pageInfo { hasNextPage endCursor } }
}`,
  },
  {
    query: `# Or many at once, by their error; editAndReplayDeadLetter is for one whose payload is at fault.
mutation Replay($input: ReplayDeadLettersInput!) {
  replayDeadLetters(input: $input) {
    ... on DeadLetterReplays { replayed more endCursor }
    ${refusal}
  }
}`,
    variables: { input: { status: 503, limit: 100 } },
  },
  {
    query: `# 10. What would have gone out, had there been providers.
query SandboxOutbox {
  sandboxSums { duplicates channels { channel deliveries } }
  sandboxOutbox(first: 10) { nodes { channel to ref at unsubscribeUrl parts { name text } } }
}`,
  },
];
