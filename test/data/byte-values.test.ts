import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { dateOf, decimalOf } from "../../src/data/byte-values";
import { IdColumn } from "../../src/data/id-column";

const at = (read: (bytes: Uint8Array, from: number, to: number) => number, text: string): number => read(Buffer.from(`x${text}y`), 1, 1 + text.length);

describe("values out of bytes", () => {
  it("numbers are Number's, to the bit; what is no plain number is left to the plain path", () => {
    const rng = new Rng("numbers");
    for (let n = 0; n < 3000; n++) {
      const digits = Array.from({ length: 1 + rng.int(14) }, () => rng.int(10)).join("");
      const text = rng.int(2) === 0 ? digits : `${digits.slice(0, 1 + rng.int(digits.length))}.${digits.slice(1 + rng.int(digits.length))}`.slice(0, 15);
      assert.equal(at(decimalOf, text), Number(text), text);
    }
    for (const text of ["", ".5", "-1", "+1", "1e5", "1.2.3", " 1", "1 ", "1234567890123456", "abc", "٣"]) assert.ok(Number.isNaN(at(decimalOf, text)), text);
  });

  it("dates are Date.parse's, from the year 1 to 9999, leap days and milliseconds included", () => {
    const rng = new Rng("dates");
    for (let n = 0; n < 3000; n++) {
      const iso = new Date(-62135596800000 + Math.floor(rng.uniform() * 315537897599999)).toISOString();
      const fraction = 1 + rng.int(3);
      const text = [iso, iso.replace("T", " "), iso.slice(0, 19), `${iso.slice(0, 20 + fraction)}Z`][rng.int(4)]!;
      assert.equal(at(dateOf, text), Date.parse(`${text.replace(" ", "T").replace("Z", "")}Z`) / 1000, text);
    }
    for (const text of ["2014-02-30T00:00:00Z", "2013-02-29 00:00:00", "1900-02-29 00:00:00", "2014-13-01T00:00:00", "2014-01-01T24:00:00", "2014-01-01T00:60:00", "2014-01-01", "2014-01-01T00:00:00+02:00", "2014-01-01T00:00:00.", "2014-01-01T00:00:00.1234", "2014/01/01T00:00:00", "2o14-01-01T00:00:00"]) {
      assert.ok(Number.isNaN(at(dateOf, text)), text);
    }
    assert.equal(at(dateOf, "2000-02-29T23:59:59.9"), Date.parse("2000-02-29T23:59:59.900Z") / 1000);
  });

  it("a column of ids gives each text back, one number for each different one, past every growth", () => {
    const rng = new Rng("ids");
    const texts = Array.from({ length: 20_000 }, () => ["", "ü", "日本"][rng.int(3)]! + "x".repeat(rng.int(8)) + String(rng.int(9000)));
    const column = new IdColumn();
    for (const text of texts) {
      if (rng.int(2) === 0) column.push(text);
      else column.pushCode(column.codeOf(Buffer.from(`,${text},`), 1, 1 + Buffer.byteLength(text)));
    }
    const { ids, codes } = column.finish();
    assert.deepEqual(Array.from(codes, (code) => ids[code]), texts);
    assert.deepEqual(ids, [...new Set(texts)]);
    assert.equal(column.codeOf(Buffer.from("a\0b"), 0, 3), -1);
    column.push("y".repeat(5000)); // longer than what texts are written to
    assert.equal(column.finish().ids.at(-1), "y".repeat(5000));
  });
});
