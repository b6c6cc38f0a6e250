/**
 * Requests over HTTP through the proxy that the environment names: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case,
 * as curl and pip read them. Node's own fetch does not look at them before version 24, and there only when asked.
 * This machine itself is never reached through a proxy.
 */
import type { RequestInit, Response } from "undici";
import { ConfigError } from "../core/errors";

/** A way to the hosts. */
export interface Web {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Ends its connections, whatever they do. */
  close(): Promise<void>;
}

const proxies = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] as const;

/**
 * Opens one. undici is loaded by the first.
 * @throws ConfigError for a proxy that is no URL
 */
export async function openWeb(): Promise<Web> {
  for (const name of proxies) {
    const value = process.env[name];
    // The value may hold a password: it is not shown.
    if (value !== undefined && value !== "" && !isProxy(value)) throw new ConfigError(`Expected ${name} to be the URL of a proxy such as http://proxy.example:3128, found another text; set it so, or unset it`);
  }
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const noProxy = process.env["no_proxy"] ?? process.env["NO_PROXY"] ?? "";
  const dispatcher = new EnvHttpProxyAgent({
    noProxy: noProxy.trim() === "*" ? "*" : `${noProxy},localhost,127.0.0.1,[::1]`,
    proxyTunnel: false, // http:// is asked of the proxy itself: many refuse to tunnel to port 80
  });
  return { fetch: (url, init) => fetch(url, { ...init, dispatcher }), close: () => dispatcher.destroy() };
}

function isProxy(value: string): boolean {
  return URL.canParse(value) && /^(https?|socks5?):$/.test(new URL(value).protocol);
}
