// @ts-check
// The service as the section speaks to it. Whatever goes wrong is a Problem with a code to find words by.

const API = new URL("/api/v1/", import.meta.url);

/** What the service refused, or why it could not be asked (code `network`). */
export class Problem extends Error {
  /**
   * @param {string} code the contract's code
   * @param {number} status of HTTP, 0 without an answer
   * @param {{detail?: string, errors?: Record<string, string[]>, retryAfter?: number}} [more] retryAfter in seconds
   */
  constructor(code, status, more = {}) {
    super(more.detail ?? code);
    this.code = code;
    this.status = status;
    this.errors = more.errors ?? {};
    this.retryAfter = more.retryAfter ?? 0;
  }
}

/** What a file that could not be had is told as. @returns {never} */
export function unreached() {
  throw new Problem("network", 0);
}

/** One site's API. */
export class Api {
  /** @param {string} site */
  constructor(site) {
    this.base = new URL(`sites/${site}/`, API);
    /** @type {null | ((again: boolean) => Promise<string>)} gives the reader's token, a new one when asked again */
    this.token = null;
  }

  /** @param {string} path @returns {URL} */
  url(path) {
    return path ? new URL(path, this.base) : new URL(this.base.href.slice(0, -1));
  }

  /** A public read, the same for everybody. @param {string} path @param {Promise<Response>} [early] its answer, if it was asked for already */
  read(path, early) {
    return send(this.url(path), {}, early);
  }

  /**
   * A request in the reader's name; asks for a new token once when the old one ended.
   * @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers]
   */
  async write(method, path, body, headers = {}) {
    for (const again of [false, true]) {
      const token = this.token ? await this.token(again) : "";
      try {
        return await send(this.url(path), {
          method,
          keepalive: method === "DELETE", // also when the page is being left
          body: body === undefined ? undefined : JSON.stringify(body),
          headers: {
            ...headers,
            ...(token && { Authorization: `Bearer ${token}` }),
            ...(body !== undefined && { "Content-Type": "application/json" }),
          },
        });
      } catch (problem) {
        if (again || !this.token || !(problem instanceof Problem) || problem.status !== 401) throw problem;
      }
    }
  }
}

/**
 * The JSON of an answer. Throws Problem.
 * @param {URL} url @param {RequestInit} options @param {Promise<Response>} [early]
 */
async function send(url, options, early) {
  let answer;
  try {
    answer = await (early ?? fetch(url, { ...options, credentials: "omit" }));
  } catch {
    throw new Problem("network", 0);
  }
  const isJson = answer.headers.get("Content-Type")?.includes("json");
  const document = isJson ? await answer.json().catch(() => null) : null;
  if (answer.ok) return document;
  const retryAfter = Number(answer.headers.get("Retry-After")) || 0;
  throw new Problem(document?.code ?? "unavailable", answer.status, { ...document, retryAfter });
}
