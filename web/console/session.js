// @ts-check
// Who is signed in. Tokens live in this tab's sessionStorage and nowhere else; nothing is ever put into an address.

const TOKEN = "discuss-console-token:"; // and the site
const STATE = "discuss-console-state";
const UNSENT = "discuss-console-unsent:"; // and the site

/** @param {string} site @returns {string} empty when nobody is signed in */
export function tokenOf(site) {
  return sessionStorage.getItem(TOKEN + site) ?? "";
}

/** @param {string} site @param {string} token */
export function keepToken(site, token) {
  sessionStorage.setItem(TOKEN + site, token);
}

/** @param {string} site */
export function forgetToken(site) {
  sessionStorage.removeItem(TOKEN + site);
}

/** Keep decisions that could not be sent any more. @param {string} site @param {string} author who made them @param {any[]} wishes */
export function keepUnsent(site, author, wishes) {
  const before = unsentOf(site);
  const all = [...(before.author === author ? before.wishes : []), ...wishes];
  const last = new Map(all.map((wish) => [wish.comment_id, wish])); // a request has each comment once
  sessionStorage.setItem(UNSENT + site, JSON.stringify({ author, wishes: [...last.values()] }));
}

/** @param {string} site @returns {{author: string, wishes: any[]}} */
export function unsentOf(site) {
  return JSON.parse(sessionStorage.getItem(UNSENT + site) ?? "null") ?? { author: "", wishes: [] };
}

/** @param {string} site */
export function forgetUnsent(site) {
  sessionStorage.removeItem(UNSENT + site);
}

/**
 * Where the publisher's page signs a moderator in and sends them back to. The address they wanted waits here meanwhile.
 * @param {string} site @param {string} signInUrl the site's `sign_in_url`
 */
export function signInAddress(site, signInUrl) {
  const state = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const address = location.pathname + location.search;
  sessionStorage.setItem(STATE, JSON.stringify({ state, site, address }));
  const url = new URL(signInUrl);
  url.searchParams.set("return_to", `${location.origin}/console`);
  url.searchParams.set("state", state);
  return url.href;
}

/**
 * Take the token out of the address a publisher's page came back to (`#token=…&state=…`), and wipe it at once.
 * @returns {"none" | "signed in" | "not ours"} not ours: this tab did not ask for it
 */
export function takeReturn() {
  const given = new URLSearchParams(location.hash.slice(1));
  const [token, state] = [given.get("token"), given.get("state")];
  if (token === null && state === null) return "none";
  history.replaceState(null, "", location.pathname + location.search);
  const asked = JSON.parse(sessionStorage.getItem(STATE) ?? "null");
  if (!asked || !token || state !== asked.state) return "not ours";
  sessionStorage.removeItem(STATE);
  keepToken(asked.site, token);
  history.replaceState(null, "", asked.address);
  return "signed in";
}
