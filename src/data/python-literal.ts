/**
 * Python literals, as `ast.literal_eval` takes them: what Amazon's metadata of 2014 is written in. Strings with either
 * quote and their escapes, numbers, True, False, None, lists, tuples and dictionaries; nothing is evaluated.
 * Source: The Python Language Reference 3.12, section 2.4. Departs: no sets, no complex numbers, no triple quotes, no
 *   strings that stand beside each other, no \N{...}; whole numbers beyond 2^53 are rounded; keys become texts.
 */

/** A value of a Python literal; tuples are arrays. */
export type PythonValue = string | number | boolean | null | readonly PythonValue[] | { readonly [key: string]: PythonValue };

/** Deeper nesting is refused. */
const deepest = 100;

const simple: Readonly<Record<string, string>> = { "\\": "\\", "'": "'", '"': '"', a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\n": "" };
const names: Readonly<Record<string, PythonValue>> = { True: true, False: false, None: null };
const numberForm = /[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const stringStart = /[uUbBrR]{0,2}["']/y;
const word = /[A-Za-z]+/y;

/**
 * Reads one literal.
 * @throws SyntaxError with the position, from 0, if the text is none
 * @example
 * import { parsePythonLiteral } from "sessionlab";
 * assert.deepEqual(parsePythonLiteral(`{'asin': '01', 'title': "It's", 'price': 12.5, 'categories': [['Books']], 'brand': None}`), {
 *   asin: "01", title: "It's", price: 12.5, categories: [["Books"]], brand: null,
 * });
 */
export function parsePythonLiteral(text: string): PythonValue {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(depth: number): PythonValue {
    if (depth > deepest) throw this.fault(`nesting of at most ${deepest}`);
    this.space();
    const character = this.text[this.at];
    if (character === "{") return this.dictionary(depth);
    if (character === "[") return this.list("]", depth);
    if (character === "(") return this.list(")", depth);
    const start = this.match(stringStart);
    if (start !== undefined) return this.string(start);
    const number = this.match(numberForm);
    if (number !== undefined) {
      const value = Number(number.replaceAll("_", ""));
      if (!Number.isFinite(value)) throw this.fault("a finite number");
      return value;
    }
    const name = this.match(word);
    if (name === undefined || !Object.hasOwn(names, name)) throw this.fault("a value");
    return names[name]!;
  }

  end(): void {
    this.space();
    if (this.at < this.text.length) throw this.fault("the end");
  }

  private dictionary(depth: number): PythonValue {
    const entries: [string, PythonValue][] = [];
    this.at++;
    while (!this.take("}")) {
      const key = this.value(depth + 1);
      if (typeof key === "object" && key !== null) throw this.fault("a key");
      if (!this.take(":")) throw this.fault('":"');
      entries.push([String(key), this.value(depth + 1)]);
      if (!this.take(",") && this.text[this.at] !== "}") throw this.fault('"," or "}"');
    }
    return Object.fromEntries(entries);
  }

  private list(close: string, depth: number): PythonValue {
    const values: PythonValue[] = [];
    this.at++;
    while (!this.take(close)) {
      values.push(this.value(depth + 1));
      if (!this.take(",") && this.text[this.at] !== close) throw this.fault(`"," or "${close}"`);
    }
    return values;
  }

  private string(start: string): string {
    const quote = start.at(-1)!;
    const raw = /r/i.test(start);
    let result = "";
    for (let from = this.at; ; ) {
      const character = this.text[this.at];
      if (character === undefined || character === "\n") throw this.fault(`a closing ${quote}`);
      if (character === quote) {
        result += this.text.slice(from, this.at++);
        return result;
      }
      if (character === "\\") {
        result += this.text.slice(from, this.at);
        result += raw ? this.text.slice(this.at, (this.at += 2)) : this.escape();
        from = this.at;
      } else this.at++;
    }
  }

  private escape(): string {
    const kind = this.text[this.at + 1] ?? "";
    const digits = { x: 2, u: 4, U: 8 }[kind];
    if (digits !== undefined) {
      const hex = this.text.slice(this.at + 2, this.at + 2 + digits);
      const code = /^[0-9a-fA-F]+$/.test(hex) && hex.length === digits ? parseInt(hex, 16) : NaN;
      if (!(code <= 0x10ffff)) throw this.fault("a code of a character");
      this.at += 2 + digits;
      return String.fromCodePoint(code);
    }
    const octal = /^[0-7]{1,3}/.exec(this.text.slice(this.at + 1, this.at + 4))?.[0];
    if (octal !== undefined) {
      this.at += 1 + octal.length;
      return String.fromCharCode(parseInt(octal, 8));
    }
    this.at += 2;
    return simple[kind] ?? `\\${kind}`; // Python keeps the backslash of an escape that it does not know
  }

  private take(character: string): boolean {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at++;
    this.space();
    return true;
  }

  private space(): void {
    while (this.at < this.text.length && " \t\r\n\f".includes(this.text[this.at]!)) this.at++;
  }

  private match(form: RegExp): string | undefined {
    form.lastIndex = this.at;
    const found = form.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private fault(expected: string): SyntaxError {
    const found = this.text.slice(this.at, this.at + 20);
    return new SyntaxError(`Expected ${expected} at ${this.at} of a Python literal, found ${found === "" ? "its end" : JSON.stringify(found)}`);
  }
}
