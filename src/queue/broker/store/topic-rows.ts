import type { Database } from "bun:sqlite";

/** A URL group; QStash's protocol still calls it a topic. */
export interface TopicRow {
  readonly name: string;
  readonly created: number;
  readonly updated: number;
  /** Headers of whatever is published to it: JSON, by lower-case name. */
  readonly headers: string | null;
}

/** One address of a URL group. */
export interface EndpointRow {
  readonly url: string;
  readonly name: string | null;
}

/** URL groups and their endpoints. */
export function topicRows(db: Database) {
  return {
    topic: db.query<TopicRow, [name: string]>("SELECT * FROM topic WHERE name = ?"),
    topics: db.query<TopicRow, []>("SELECT * FROM topic ORDER BY name"),
    endpoints: db.query<EndpointRow, [topic: string]>("SELECT url, name FROM endpoint WHERE topic = ? ORDER BY url"),
    saveTopic: db.query<never, [name: string, now: number]>(
      `INSERT INTO topic (name, created, updated) VALUES (?1, ?2, ?2)
       ON CONFLICT (name) DO UPDATE SET updated = excluded.updated`,
    ),
    saveEndpoint: db.query<never, [topic: string, url: string, name: string | null]>(
      "INSERT OR REPLACE INTO endpoint (topic, url, name) VALUES (?, ?, ?)",
    ),
    removeEndpoint: db.query<never, [topic: string, url: string | null, name: string | null]>(
      "DELETE FROM endpoint WHERE topic = ?1 AND (url = ?2 OR name = ?3)",
    ),
    saveTopicHeaders: db.query<never, [headers: string, now: number, name: string]>(
      "UPDATE topic SET headers = ?, updated = ? WHERE name = ?",
    ),
    removeTopic: db.query<never, [name: string]>("DELETE FROM topic WHERE name = ?"),
    removeEndpoints: db.query<never, [topic: string]>("DELETE FROM endpoint WHERE topic = ?"),
  };
}
