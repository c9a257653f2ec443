/** What the files hold: an id, an address and a word of consent; or nine columns, a list of tags among them. */
export const shapes = ["consent", "nine"] as const;
export type Shape = (typeof shapes)[number];

interface Columns {
  readonly header: string;
  row(i: number): string;
}

const columns: Readonly<Record<Shape, Columns>> = {
  consent: {
    header: "externalId,email,consent:EMAIL",
    row: (i) => `shop-${i},member${i}@example.com,${i % 3 === 0 ? "no" : "yes"}`,
  },
  nine: {
    header: "externalId,name,email,phone,locale,level,birthday,registeredAt,tags",
    row: (i) => {
      const [day, hour] = [two(1 + (i % 28)), two(i % 24)];
      const date = `${1950 + (i % 60)}-${two(1 + (i % 12))}-${day}`;
      const moment = `${2010 + (i % 15)}-${two(1 + (i % 12))}-${day}T${hour}:00:00Z`;
      const phone = `+49151${String(i).padStart(8, "0")}`;
      const name = i % 10 === 0 ? `"Kim, ${i}"` : `Kim ${i}`;
      return `shop-${i},${name},member${i}@example.com,${phone},de-AT,${i % 10},${date},${moment},vip|city-${i % 50}`;
    },
  },
};

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** Writes a CSV file of so many members. */
export async function writeMembersFile(path: string, shape: Shape, members: number): Promise<void> {
  const { header, row } = columns[shape];
  const sink = Bun.file(path).writer();
  sink.write(`${header}\n`);
  for (let i = 1; i <= members; i++) {
    sink.write(`${row(i)}\n`);
    if (i % 10_000 === 0) await sink.flush();
  }
  await sink.end();
}
