/**
 * Reads members of a zip archive (a wheel is one): the central directory, stored and deflated members, with their CRC.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
 * Departs: no ZIP64, no encryption, no several disks: those throw.
 */
import { createWriteStream, readFileSync } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { DataError } from "../core/errors";
import { fullDisk, isFull } from "../core/files";
import { nearest } from "../core/options";

const END_SIGNATURE = 0x06054b50;
const END_SIZE = 22;
const DIRECTORY_SIGNATURE = 0x02014b50;
const DIRECTORY_SIZE = 46;
const LOCAL_SIZE = 30;
/** Bytes that are unpacked at a time. */
const PIECE = 1 << 20;

interface Member {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** The members of an open archive. */
export interface ZipArchive {
  readonly path: string;
  readonly names: readonly string[];
  /** The content of one member. @throws DataError if it is absent, damaged, or packed in a way we do not read */
  read(name: string): Buffer;
  /** Writes one member to `path` in pieces: it is never whole in memory. @returns `path`; @throws as `read` */
  extract(name: string, path: string): Promise<string>;
}

/**
 * Opens a zip archive.
 * @throws DataError if the file is not a zip archive
 */
export function openZip(path: string): ZipArchive {
  const bytes = readFileSync(path);
  const members = directory(bytes, path);
  const find = (name: string): Member => {
    const member = members.get(name);
    if (member === undefined) throw new DataError(`Expected a member "${name}", found none; the nearest is "${nearest(name, [...members.keys()])}"`, { file: path });
    return member;
  };
  return {
    path,
    names: [...members.keys()],
    read: (name) => unpack(bytes, find(name), `${path}/${name}`),
    async extract(name, target) {
      await unpackTo(bytes, find(name), `${path}/${name}`, target);
      return target;
    },
  };
}

function directory(bytes: Buffer, path: string): ReadonlyMap<string, Member> {
  let end = bytes.length - END_SIZE; // a comment of up to 65,535 bytes may follow the end record
  while (end >= Math.max(0, bytes.length - END_SIZE - 0xffff) && bytes.readUInt32LE(end) !== END_SIGNATURE) end--;
  if (end < 0 || bytes.readUInt32LE(end) !== END_SIGNATURE) throw broken(path, "no end of central directory");
  const members = new Map<string, Member>();
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  for (let m = 0; m < count; m++) {
    if (at + DIRECTORY_SIZE > bytes.length || bytes.readUInt32LE(at) !== DIRECTORY_SIGNATURE) throw broken(path, `no central directory entry ${m}`);
    const nameEnd = at + DIRECTORY_SIZE + bytes.readUInt16LE(at + 28);
    members.set(bytes.toString("utf8", at + DIRECTORY_SIZE, nameEnd), {
      flags: bytes.readUInt16LE(at + 8),
      method: bytes.readUInt16LE(at + 10),
      crc: bytes.readUInt32LE(at + 16),
      packed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42),
    });
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}

/** The bytes of a member as they are packed. */
function rawOf(bytes: Buffer, { flags, method, packed, offset }: Member, label: string): Buffer {
  if ((flags & 1) !== 0 || (method !== 0 && method !== 8) || offset === 0xffffffff) {
    throw new DataError(`Expected a stored or deflated member, found method ${method}, flags ${flags}; pack it again with a plain zip`, { file: label });
  }
  if (offset + LOCAL_SIZE > bytes.length) throw broken(label, "a member past the end of the file");
  const start = offset + LOCAL_SIZE + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  return bytes.subarray(start, start + packed);
}

function unpack(bytes: Buffer, member: Member, label: string): Buffer {
  const { method, crc, size } = member;
  const raw = rawOf(bytes, member, label);
  let content: Buffer;
  try {
    content = method === 0 ? raw : inflateRawSync(raw, { maxOutputLength: Math.max(size, 1) });
  } catch (error) {
    throw broken(label, "data that do not inflate", error);
  }
  if (content.length !== size || crc32(content) !== crc) throw broken(label, "a wrong checksum");
  return content;
}

async function unpackTo(bytes: Buffer, member: Member, label: string, target: string): Promise<void> {
  const raw = rawOf(bytes, member, label);
  let [size, sum] = [0, 0];
  const check = new Transform({
    transform(piece: Buffer, _, done) {
      size += piece.length;
      sum = crc32(piece, sum);
      done(size > member.size ? new Error("more bytes than its entry says") : null, piece);
    },
  });
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < raw.length; at += PIECE) yield raw.subarray(at, at + PIECE);
  };
  try {
    const source = Readable.from(pieces());
    await pipeline(member.method === 0 ? source : source.compose(createInflateRaw()), check, createWriteStream(target));
  } catch (error) {
    if (isFull(error)) throw fullDisk(target, error);
    throw broken(label, "data that do not inflate", error);
  }
  if (size !== member.size || sum !== member.crc) throw broken(label, "a wrong checksum");
}

function broken(file: string, found: string, cause?: unknown): DataError {
  return new DataError(`Expected a whole zip archive, found ${found}; delete the file and fetch it again`, { file }, { cause });
}
