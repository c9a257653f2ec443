/**
 * Why libSQL's server refuses a statement that SQLite takes, in words; nothing where it takes it, too. The server reads
 * every statement with a grammar of its own before SQLite sees it, and lets no client change what belongs to a
 * connection or a file.
 */
export function refusalOf(sql: string): string | undefined {
  const tokens = tokensOf(sql);
  const [first = "", second = ""] = tokens;
  if (/^(VACUUM|ANALYZE|ATTACH|DETACH)$/.test(first)) return `${first} is the server's own business`;
  if (first === "CREATE" && /^TEMP(ORARY)?$/.test(second)) return "what is TEMP belongs to a connection";
  if (first === "PRAGMA") return pragmaRefusal(second, tokens.length > 2);
  if (tokens.some((token) => /^\d+_\d/.test(token))) return "numbers have no underscores";
  return clauseRefusal(tokens);
}

const pragmasWithValue =
  /^(DEFER_FOREIGN_KEYS|FOREIGN_KEYS|FOREIGN_KEY_(LIST|CHECK)|(TABLE|INDEX)_X?INFO|(TABLE|INDEX)_LIST|USER_VERSION)$/;
const pragmasNever = /^(OPTIMIZE|INCREMENTAL_VACUUM|WAL_CHECKPOINT|SHRINK_MEMORY|CASE_SENSITIVE_LIKE)$/;

function pragmaRefusal(name: string, hasValue: boolean): string | undefined {
  const isRefused = pragmasNever.test(name) || (hasValue && !pragmasWithValue.test(name));
  return isRefused ? `PRAGMA ${name} is not for clients` : undefined;
}

/** What is open in a statement: the statement itself, or something in parentheses. */
interface Open {
  /** The arguments of a function. */
  readonly isCall: boolean;
  isSelect: boolean;
  isGrouped: boolean;
}

function clauseRefusal(tokens: readonly string[]): string | undefined {
  const open: Open[] = [{ isCall: false, isSelect: false, isGrouped: false }];
  for (const [i, token] of tokens.entries()) {
    const [before = "", after = ""] = [tokens[i - 1], tokens[i + 1]];
    const here = open.at(-1);
    if (!here) return undefined; // a parenthesis too many: SQLite says so itself
    if (token === "(") open.push({ isCall: isName(before), isSelect: false, isGrouped: false });
    else if (token === ")") open.pop();
    else if (token === "SELECT") Object.assign(here, { isSelect: true, isGrouped: false });
    else if (token === "GROUP" && after === "BY") here.isGrouped = true;
    else if (token === "HAVING" && !here.isGrouped) return "HAVING stands without GROUP BY";
    else if (token === "ORDER" && after === "BY" && here.isCall && !here.isSelect) {
      return "an aggregate has no ORDER BY in it";
    }
  }
  return undefined;
}

/** Whether a word before a parenthesis is a function's name, rather than one of SQL's own. */
function isName(word: string): boolean {
  return /^\w/.test(word) && !/^(OVER|AS|IN|FROM|JOIN|WHERE|AND|OR|NOT|ON|VALUES|EXISTS|SELECT|BY|USING)$/.test(word);
}

/** Words in capitals, numbers and signs; neither comments nor what is quoted. */
function tokensOf(sql: string): string[] {
  const plain = sql.replace(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, " ").replace(/"[^"]*"|`[^`]*`/g, "quoted");
  return (plain.match(/\w+|[^\s\w]/g) ?? []).map((token) => token.toUpperCase());
}
