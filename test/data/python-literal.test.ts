import assert from "node:assert/strict";
import { parsePythonLiteral } from "../../src/data/python-literal";

describe("parsePythonLiteral", () => {
  // What python3 -c "import ast, json; print(json.dumps(ast.literal_eval(...)))" prints.
  const same: readonly (readonly [literal: string, value: unknown])[] = [
    ["{'a': \"it's\", \"b\": 'say \"x\"'}", { a: "it's", b: 'say "x"' }],
    ["'it\\'s \\\\ \\n \\t \\x41 \\u00e9 \\101 \\q'", "it's \\ \n \t A é A \\q"],
    ["'\\U0001F600'", "😀"],
    ["u'x'", "x"],
    ["r'a\\n'", "a\\n"],
    ["[1, -2.5, 1e3, .5, 3., 1_000]", [1, -2.5, 1000, 0.5, 3, 1000]],
    ["(1, ('a',), [], {})", [1, ["a"], [], {}]],
    ["{1: True, None: False}", { 1: true, null: false }],
    ["  {'a' : [None , 'b' ,] , }  ", { a: [null, "b"] }],
    ["{'__proto__': 1, 'a': 1, 'a': 2}", JSON.parse('{"__proto__": 1, "a": 2}')],
  ];
  for (const [literal, value] of same) it(`reads ${literal}`, () => assert.deepEqual(parsePythonLiteral(literal), value));

  const wrong = ["", "{", "{'a'}", "{'a': 1", "['a' 'b']", "'a", "'a\n'", "'It's'", "1 2", "os.system('x')", "nan", "1e999", "'\\xg1'", "'\\U99999999'", "{[1]: 2}", "[".repeat(200), "{'a': 1,, }", "True1"];
  for (const literal of wrong) it(`refuses ${JSON.stringify(literal.slice(0, 20))}`, () => assert.throws(() => parsePythonLiteral(literal), SyntaxError));

  it("says what it expected, and where", () => {
    assert.throws(() => parsePythonLiteral("{'a': 'It's'}"), /^SyntaxError: Expected "," or "}" at 10 of a Python literal, found "s'}"$/);
  });
});
