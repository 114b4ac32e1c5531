// @ts-check
// One site's API in the moderator's name. Whatever goes wrong is a Problem with a code to find words by.

/** What the service refused, or why it could not be asked (code `network`). */
export class Problem extends Error {
  /**
   * @param {string} code the contract's code @param {number} status of HTTP, 0 without an answer
   * @param {{detail?: string, errors?: Record<string, any>, retryAfter?: number}} [more] retryAfter in seconds
   */
  constructor(code, status, more = {}) {
    super(more.detail ?? code);
    this.code = code;
    this.status = status;
    this.detail = more.detail ?? "";
    this.errors = more.errors ?? {};
    this.retryAfter = more.retryAfter ?? 0;
  }
}

/** One site's API. */
export class Api {
  /** @param {string} site @param {string} token @param {() => void} [ended] called when the token counts no more */
  constructor(site, token, ended = () => {}) {
    this.base = `/api/v1/sites/${site}`;
    this.token = token;
    this.ended = ended;
  }

  /** @param {string} path below the site, with its slash @param {Record<string, any>} [query] what is empty is left out */
  get(path, query = {}) {
    return this.send("GET", path + queryOf(query));
  }

  /** @param {string} path @param {Record<string, any>} [query] */
  moderation(path, query = {}) {
    return this.get(`/moderation${path}`, query);
  }

  /**
   * A request; the JSON of its answer. Throws Problem.
   * @param {string} method @param {string} path @param {unknown} [body] @param {{keepalive?: boolean}} [options]
   */
  async send(method, path, body, options = {}) {
    const headers = { ...this.headers(), ...(body !== undefined && { "Content-Type": "application/json" }) };
    const sent = { ...options, method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    const answer = await reach(this.base + path, sent);
    if (answer.ok) return answer.status === 204 ? null : answer.json();
    const problem = await problemOf(answer);
    if (problem.status === 401) this.ended();
    throw problem;
  }

  /** @returns {Record<string, string>} */
  headers() {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }
}

/** @param {string} url @param {RequestInit} options */
export async function reach(url, options) {
  try {
    return await fetch(url, { ...options, credentials: "omit", cache: "no-store" });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem("network", 0);
  }
}

/** @param {Response} answer */
export async function problemOf(answer) {
  const body = await answer.json().catch(() => ({}));
  const retryAfter = Number(answer.headers.get("Retry-After")) || 0;
  return new Problem(body.code ?? "unavailable", answer.status, { ...body, retryAfter });
}

/** `?a=1&b=2` of what is not empty. @param {Record<string, any>} query */
export function queryOf(query) {
  const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return wanted.length ? `?${new URLSearchParams(wanted)}` : "";
}
