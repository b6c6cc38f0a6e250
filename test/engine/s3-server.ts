/** An S3 server on loopback: moto, with one bucket and one user whose keys it checks. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findRayPython } from "../../src/engine/ray-python";
import { freePort } from "./ray-cluster";

/** One that runs. */
export interface S3Server {
  /** What the environment says of it. */
  readonly variables: Readonly<Record<"SESSIONLAB_STORE" | "AWS_ENDPOINT_URL" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", string>>;
  stop(): void;
}

/** Starts it; undefined where it is not installed. */
export async function startS3(): Promise<S3Server | undefined> {
  const python = findRayPython();
  const program = python === undefined ? undefined : join(dirname(python), "moto_server");
  if (program === undefined || !existsSync(program)) return undefined;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(program, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore", env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: "4" } }); // then it checks who asks
  for (let tries = 0; !(await answers(url)); tries++) {
    if (tries > 300 || server.exitCode !== null) throw new Error("Expected moto to start, found that it does not answer");
    await sleep(100);
  }
  const iam = async (action: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const headers = { authorization: "AWS4-HMAC-SHA256 Credential=first/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none" };
    const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams({ Action: action, UserName: "lab", Version: "2010-05-08", ...more }) });
    return response.text();
  };
  await iam("CreateUser");
  await iam("PutUserPolicy", { PolicyName: "all", PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] }) });
  const key = await iam("CreateAccessKey");
  await fetch(`${url}/lab`, { method: "PUT" });
  const [id, secret] = ["AccessKeyId", "SecretAccessKey"].map((name) => new RegExp(`<${name}>(.*)</${name}>`).exec(key)![1]!) as [string, string];
  return {
    variables: { SESSIONLAB_STORE: "s3://lab/some folder", AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret },
    stop: () => void server.kill("SIGKILL"),
  };
}

/** Whether somebody listens; moto's own page, which is no action. */
async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(`${url}/moto-api/`)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
