// Another client: bun post-file.ts <url> <token> <path> posts a file as text/csv and prints what was answered.
const [, , url = "", token = "", path = ""] = process.argv;
const headers = { authorization: `Bearer ${token}`, "content-type": "text/csv" };
const response = await fetch(url, { method: "POST", headers, body: Bun.file(path) });
console.log(JSON.stringify({ status: response.status, text: await response.text() }));

export {};
