import { type Example, refusal } from "../kit/example.ts";

export const scheduleExamples: readonly Example[] = [
  {
    query: `# When would this fire? The next times, in the schedule's zone and in yours, and what a change of the clock
# does to them. At Berlin's change to summer time 02:30 does not exist.
query WhenWouldItCome {
  schedulePreview(
    schedule: { recurrence: { cron: { line: "30 2 * * *", from: "2027-03-27T00:00:00Z" } }, zone: "Europe/Berlin" }
    first: 3
    zone: "Asia/Shanghai"
  ) { at excluded note here { time offset } there { time offset } }
}`,
  },
  {
    query: `# Days on which nothing comes. A schedule names lists like this one; what it has planned follows.
mutation Holidays($input: SetHolidaysInput!) {
  setHolidays(input: $input) {
    ... on HolidayList { id name dates }
    ${refusal}
  }
}`,
    variables: { input: { name: "Public holidays", dates: ["2027-12-25", "2027-12-26", "2028-01-01"] } },
  },
  {
    query: `# What recurs, what comes next, and what became of what was planned.
query Schedules {
  schedules(first: 10) {
    nodes {
      id name state note missed
      next(first: 3) { at note }
      occurrences(first: 5) { nodes { plannedAt state decision driftMs } }
    }
  }
}`,
  },
];
