/** Jupyter's wire format, and the connection file: what is wrong is refused, and said. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { endpoint, readConnection } from "../../kernels/sessionlab/connection";
import { headerOf, Wire, type Message } from "../../kernels/sessionlab/wire";
import { freshFolder } from "../scratch";

const message: Message = {
  identities: [Buffer.from("who")], header: headerOf("execute_request", "s"), parent: {}, metadata: { a: 1 }, content: { code: "“ü”" }, buffers: [Buffer.from([0, 255])],
};

describe("the wire format", () => {
  it("gives back what was sent, with identities and buffers", () => {
    const read = new Wire("key").parse(new Wire("key").frames(message));
    assert.deepEqual({ ...read, identities: read.identities.map(String), buffers: read.buffers.map((one) => [...one]) }, { ...message, identities: ["who"], buffers: [[0, 255]] });
  });

  it("signs by HMAC-SHA256 over the four parts", () => {
    const [, , signature, ...parts] = new Wire("key").frames(message);
    const hash = createHmac("sha256", "key");
    for (const part of parts.slice(0, 4)) hash.update(part);
    assert.equal(signature!.toString(), hash.digest("hex"));
  });

  it("refuses another key, no signature, a changed part, a replay, parts that are missing or no objects", () => {
    const frames = (): Buffer[] => new Wire("key").frames(message);
    const changed = frames();
    changed[6] = Buffer.from('{"code":"rm"}');
    const unsigned = frames();
    unsigned[2] = Buffer.from("");
    assert.throws(() => new Wire("other").parse(frames()), /wrong signature/);
    assert.throws(() => new Wire("key").parse(changed), /wrong signature/);
    assert.throws(() => new Wire("key").parse(unsigned), /wrong signature/);
    const wire = new Wire("key");
    const once = frames();
    wire.parse(once);
    assert.throws(() => wire.parse(once), /came before/);
    assert.throws(() => new Wire("").parse([Buffer.from("x")]), /without the delimiter/);
    assert.throws(() => new Wire("").parse(frames().slice(0, 4)), /1 parts/);
    assert.throws(() => new Wire("").parse([Buffer.from("<IDS|MSG>"), ...["", "[]", "{}", "{}", "{}"].map((text) => Buffer.from(text))]), /no JSON object: \[\]/);
    assert.throws(() => new Wire("").parse([Buffer.from("<IDS|MSG>"), ...["", "{}", "{}", "{}", "{}"].map((text) => Buffer.from(text))]), /without msg_id/);
  });
});

describe("the connection file", () => {
  const folder = freshFolder();
  const good = { transport: "tcp", ip: "127.0.0.1", key: "k", signature_scheme: "hmac-sha256", shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 };
  const file = (content: unknown): string => {
    const path = join(folder(), "connection.json");
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };

  it("is read, and each channel binds to its address and no other", () => {
    const connection = readConnection(file(good));
    assert.deepEqual(connection, { transport: "tcp", ip: "127.0.0.1", key: "k", ports: { shell: 1, iopub: 2, stdin: 3, control: 4, heartbeat: 5 } });
    assert.equal(endpoint(connection, "heartbeat"), "tcp://127.0.0.1:5");
    assert.equal(endpoint({ ...connection, ip: "::1" }, "shell"), "tcp://[::1]:1");
    assert.equal(endpoint({ ...connection, transport: "ipc", ip: "/tmp/k" }, "iopub"), "ipc:///tmp/k-2");
  });

  it("is refused where it is not one", () => {
    assert.throws(() => readConnection(join(folder(), "none")), /Expected a readable connection file, found ENOENT/);
    assert.throws(() => readConnection(file("{")), /Expected JSON in the connection file/);
    assert.throws(() => readConnection(file({ ...good, ip: undefined })), /Expected an address/);
    assert.throws(() => readConnection(file({ ...good, hb_port: 0 })), /Expected a port from 1 to 65535.*hb_port 0/);
    assert.throws(() => readConnection(file({ ...good, signature_scheme: "hmac-md5" })), /Expected hmac-sha256/);
  });
});
