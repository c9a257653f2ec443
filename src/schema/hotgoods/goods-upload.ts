import { isRefusal } from "../../errors.ts";
import type { HotGoods } from "../../hotgoods/goods.ts";
import { importGoods } from "../../hotgoods/import-goods.ts";
import { admittedToPost, type FileCall, type FileOptions, fileCall, refusedWith, withFile } from "../files/upload.ts";
import { type AudienceFilter, toFilter } from "../kit/audience-filter.ts";
import { finished } from "../server/http-error.ts";
import type { Handler } from "../server/server.ts";

const uploaders = { role: "approver" } as const;
/** Longest file of goods, in bytes: of the rows that it may have, each with all that may be said. */
const maxBytes = 2 ** 26;

/** A file's filter, as operators write it, as it is stored. */
export const personaOf = (said: unknown) => toFilter(said as typeof AudienceFilter.$inferInput, "persona");

/**
 * Makes the handler of `POST /hot-goods?name=goods.csv&shop=…` with `text/csv`, which writes down the goods of the
 * file, all of them or none, and answers how many; `encoding=gb18030` says how it is encoded where that is known. The
 * same file, sent again, says the same goods again.
 */
export function createGoodsUpload(given: FileOptions): Handler {
  const options = { maxBytes, ...given };
  return async (request, server) => {
    const call = fileCall(given, request, server);
    return finished(await upload(options, call), call.requestId);
  };
}

async function upload(options: FileOptions, call: FileCall): Promise<Response> {
  const { requestId, url } = call;
  const ctx = await admittedToPost(options, call, uploaders);
  if (ctx instanceof Response) return ctx;
  const [shop, encoding] = ["shop", "encoding"].map((name) => url.searchParams.get(name) ?? undefined);
  return withFile(options, call, "goods.csv", async (file) => {
    const goods = await importGoods(ctx, { file, shop, encoding, personaOf });
    return isRefusal(goods) ? refusedWith(goods, requestId) : Response.json({ hotGoods: report(file.name, goods) });
  });
}

/** Rows without a persona tell nobody: the answer says how many there are. */
function report(file: string, goods: readonly HotGoods[]) {
  const days = [...new Set(goods.map(({ day }) => day))].sort();
  return { file, rows: goods.length, days, withoutPersona: goods.filter(({ persona }) => persona === null).length };
}
