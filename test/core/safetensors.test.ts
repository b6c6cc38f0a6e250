import assert from "node:assert/strict";
import { DataError } from "../../src/core/errors";
import { decodeSafetensors, encodeSafetensors } from "../../src/core/safetensors";

/** Written by hand from the format's description: the length 56, a header of 56 bytes, then 1.0 and -2.5 in little-endian. */
const goldenHeader = '{"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}';
const golden = Buffer.concat([Buffer.from([56, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(goldenHeader), Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0])]);

/** A file with any header, for damaging. */
function handmade(header: string, data: number): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(data)]);
}

describe("safetensors", () => {
  it("writes the bytes of the hand-made golden file", () => {
    assert.equal(goldenHeader.length, 56);
    const bytes = encodeSafetensors({ w: { dtype: "F32", shape: [2, 1], data: Float32Array.of(1, -2.5) } });
    assert.deepEqual(Buffer.from(bytes), golden);
  });

  it("reads the hand-made golden file, from any address", () => {
    for (const shift of [0, 1, 3]) {
      const moved = new Uint8Array(golden.length + shift);
      moved.set(golden, shift);
      const { tensors, metadata } = decodeSafetensors(moved.subarray(shift));
      assert.deepEqual(tensors, { w: { dtype: "F32", shape: [2, 1], data: Float32Array.of(1, -2.5) } });
      assert.deepEqual(metadata, {});
    }
  });

  it("gives back every element type, scalars, empty tensors and metadata; views of a larger array too", () => {
    const tensors = {
      byte: { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) },
      float: { dtype: "F32", shape: [1, 2], data: Float32Array.of(9, 0.1, NaN).subarray(1) },
      double: { dtype: "F64", shape: [], data: Float64Array.of(Math.PI) },
      int: { dtype: "I32", shape: [2], data: Int32Array.of(-1, 7) },
      unsigned: { dtype: "U32", shape: [1], data: Uint32Array.of(4294967295) },
      long: { dtype: "I64", shape: [1], data: BigInt64Array.of(-5n) },
      none: { dtype: "F32", shape: [0, 4], data: new Float32Array(0) },
    } as const;
    const bytes = encodeSafetensors(tensors, { model: "Dämo" });
    const read = decodeSafetensors(bytes);
    assert.deepEqual({ ...read.tensors }, { ...tensors });
    assert.deepEqual(read.metadata, { model: "Dämo" });
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    assert.equal(start % 8, 0);
    assert.equal(bytes.length - start, 3 + 8 + 8 + 8 + 4 + 8);
  });

  it("does not depend on the order of the keys", () => {
    const a = { dtype: "F32", shape: [1], data: Float32Array.of(1) } as const;
    const b = { dtype: "F32", shape: [1], data: Float32Array.of(2) } as const;
    assert.deepEqual(encodeSafetensors({ a, b }, { x: "1", y: "2" }), encodeSafetensors({ b, a }, { y: "2", x: "1" }));
  });

  it("refuses tensors whose array does not fit", () => {
    assert.throws(() => encodeSafetensors({ w: { dtype: "F32", shape: [3], data: Float32Array.of(1) } }), /Expected 3 values for "w" of shape \[3\], found 1/);
    assert.throws(() => encodeSafetensors({ w: { dtype: "F32", shape: [1], data: Int32Array.of(1) } }), /Float32Array, found Int32Array/);
    assert.throws(() => encodeSafetensors({ __metadata__: { dtype: "U8", shape: [0], data: new Uint8Array(0) } }), DataError);
  });

  const damages: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["no header length", golden.subarray(0, 5), /at least 8 bytes with the header's length, found 5/],
    ["a cut header", golden.subarray(0, 30), /header of 56 bytes, found 22/],
    ["a header length out of range", Buffer.concat([Buffer.alloc(8, 0xff), golden.subarray(8)]), /header of 18446744073709551615 bytes/],
    ["a header that is no JSON", handmade("{oops", 0), /header to be JSON/],
    ["a header that is no object", handmade("[1]", 0), /JSON object/],
    ["cut data", golden.subarray(0, golden.length - 1), /data of "w" to end by byte 7, found 8/],
    ["bytes left over", Buffer.concat([golden, Buffer.alloc(1)]), /8 bytes of tensors, found 9/],
    ["an entry without offsets", handmade('{"w":{"dtype":"F32","shape":[1]}}', 4), /dtype, shape and data_offsets for "w"/],
    ["a shape that does not fit", handmade('{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', 8), /12 bytes for "w" \(F32 \[3\]\), found 8/],
    ["a gap", handmade('{"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', 2), /start at byte 0, found 1/],
    ["an overlap", handmade('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}', 3), /"b" to start at byte 2, found 1/],
    ["an unknown type", handmade('{"w":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,1]}}', 1), /one of F64.*found F8_E5M2/],
    ["metadata that is no text", handmade('{"__metadata__":{"a":1}}', 0), /text under "a"/],
  ];
  for (const [what, bytes, message] of damages) {
    it(`names the file and the fault: ${what}`, () => {
      assert.throws(() => decodeSafetensors(bytes, "weights.safetensors"), (error: Error) => {
        assert.ok(error instanceof DataError);
        assert.match(error.message, /^weights\.safetensors: /);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
