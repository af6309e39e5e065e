/** The expressions of `--select`, for files without a server: comparisons, and, or, not, in.
 *  The same language as archive/seeds/select.py; nothing of an expression is executed. */

const FIELDS = ["alive", "best", "born", "died", "id", "novelty", "parent", "score", "solved"];
const WORDS = { true: true, false: false, True: true, False: false };
const NUMBER = String.raw`(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)`;
const TEXT = String.raw`"([^"]*)"|'([^']*)'`;
const SIGN = String.raw`(<=|>=|==|!=|[<>()[\],-])`;
const TOKEN = new RegExp(String.raw`\s*(?:${NUMBER}|([A-Za-z_]\w*)|${TEXT}|${SIGN})`, "y");
const MOST_BRACKETS = 50; // brackets

/** A predicate on niches for an expression. Throws an Error with one line if it is not one. */
export function chooserOf(expression) {
  const tokens = tokensOf(expression);
  const parser = { tokens, at: 0, depth: 0, expression };
  const tree = parseOr(parser);
  if (parser.at < tokens.length) throw wrongExpression(expression);
  return (niche) => truth(tree({ ...niche, alive: niche.died === null }));
}

function wrongExpression(expression) {
  return new Error(`'${expression}' is not an expression; an example is "score > 100 or id == 3"`);
}

function tokensOf(expression) {
  const tokens = [];
  const text = expression.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (!found) throw wrongExpression(expression);
    const [, number, word, double, single, sign] = found;
    if (number !== undefined) tokens.push({ value: Number(number) });
    else if (word !== undefined) tokens.push({ word });
    else if (sign !== undefined) tokens.push({ word: sign });
    else tokens.push({ value: double ?? single });
  }
  return tokens;
}

/** Take the next token if it is one of these words. */
function take(parser, ...words) {
  const word = parser.tokens[parser.at]?.word;
  if (word === undefined || !words.includes(word)) return null;
  parser.at += 1;
  return word;
}

function parseOr(parser) {
  const parts = [parseAnd(parser)];
  while (take(parser, "or")) parts.push(parseAnd(parser));
  return parts.length === 1 ? parts[0] : (row) => parts.some((part) => truth(part(row)));
}

function parseAnd(parser) {
  const parts = [parseNot(parser)];
  while (take(parser, "and")) parts.push(parseNot(parser));
  return parts.length === 1 ? parts[0] : (row) => parts.every((part) => truth(part(row)));
}

function parseNot(parser) {
  if (!take(parser, "not")) return parseComparison(parser);
  const operand = parseNot(parser);
  return (row) => !truth(operand(row));
}

function parseComparison(parser) {
  const operands = [parseOperand(parser)];
  const signs = [];
  for (let sign; (sign = take(parser, "<", "<=", ">", ">=", "==", "!=", "in"));) {
    signs.push(sign);
    operands.push(parseOperand(parser));
  }
  if (!signs.length) return operands[0];
  return (row) => {
    const values = operands.map((operand) => operand(row));
    return signs.every((sign, at) => compared(sign, values[at], values[at + 1]));
  };
}

function parseOperand(parser) {
  const { tokens, expression } = parser;
  if (take(parser, "-")) {
    const { value } = tokens[parser.at] ?? {};
    if (typeof value !== "number") throw wrongExpression(expression);
    parser.at += 1;
    return () => -value;
  }
  const open = take(parser, "(", "[");
  if (open) return parseGroup(parser, open);
  const token = tokens[parser.at];
  if (token === undefined) throw wrongExpression(expression);
  parser.at += 1;
  if ("value" in token) return () => token.value;
  if (Object.hasOwn(WORDS, token.word)) return () => WORDS[token.word];
  if (FIELDS.includes(token.word)) return (row) => row[token.word] ?? null;
  if (!/^[A-Za-z_]/.test(token.word)) throw wrongExpression(expression);
  const fields = FIELDS.join(", ");
  throw new Error(`the expression has an unknown field '${token.word}'; the fields are: ${fields}`);
}

/** What is in brackets: one value, or a list if there are commas or square ones. */
function parseGroup(parser, open) {
  const close = open === "(" ? ")" : "]";
  parser.depth += 1;
  if (parser.depth > MOST_BRACKETS) throw new Error("the expression is nested too deeply");
  const parts = [];
  let list = open === "[";
  while (!take(parser, close)) {
    parts.push(parseOr(parser));
    if (take(parser, ",")) list = true;
    else if (parser.tokens[parser.at]?.word !== close) throw wrongExpression(parser.expression);
  }
  parser.depth -= 1;
  if (!list && !parts.length) list = true;
  return list ? (row) => parts.map((part) => part(row)) : parts[0];
}

function truth(value) {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** Two values compared; false if one is missing. */
function compared(sign, left, right) {
  if (left === null || right === null) return false;
  if (sign === "in") {
    if (Array.isArray(right)) return right.some((one) => same(left, one));
    if (typeof left === "string" && typeof right === "string") return right.includes(left);
    throw new Error(`the expression cannot look for ${left} in ${right}`);
  }
  if (sign === "==") return same(left, right);
  if (sign === "!=") return !same(left, right);
  const kinds = [left, right].map((one) => (typeof one === "boolean" ? "number" : typeof one));
  if (kinds[0] !== kinds[1]) throw new Error(`the expression cannot compare ${left} with ${right}`);
  return { "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right }[sign];
}

function same(left, right) {
  const plainly = (one) => (typeof one === "boolean" ? Number(one) : one);
  return plainly(left) === plainly(right);
}
