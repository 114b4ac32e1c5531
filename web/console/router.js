// @ts-check
// Addresses: /console/SITE/PLACE/ID?filters. Whatever is shown has one, so that it can be reloaded, sent and gone back to.

const ROOT = "/console";

/** @typedef {{site: string, place: string, id: string, query: Record<string, string>}} Route */

/** What the address bar asks for. @returns {Route} */
export function current() {
  const [site = "", place = "", id = ""] = location.pathname.slice(ROOT.length + 1).split("/").map(decoded);
  return { site, place, id, query: Object.fromEntries(new URLSearchParams(location.search)) };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** An address. @param {string} site @param {string} [place] @param {string} [id] @param {Record<string, any>} [query] */
export function path(site, place = "", id = "", query = {}) {
  const parts = [ROOT, site, place, id].filter(Boolean);
  const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = wanted.length ? `?${new URLSearchParams(wanted)}` : "";
  return parts.map((part, at) => (at ? encodeURIComponent(part) : part)).join("/") + search;
}

/** Tells of every change of address; links of ours change it without loading the page. */
export class Router {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    addEventListener("popstate", changed);
    document.addEventListener("click", (event) => this.follow(event));
  }

  /** @param {MouseEvent} event */
  follow(event) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const plain = !event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || link.target || link.origin !== location.origin || !isOurs(link.pathname)) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }

  /** @param {string} address @param {{replace?: boolean, quiet?: boolean}} [how] quiet: what is shown is right already */
  go(address, { replace = false, quiet = false } = {}) {
    history[replace ? "replaceState" : "pushState"](null, "", address);
    if (!quiet) this.changed();
  }
}

/** @param {string} pathname */
function isOurs(pathname) {
  return pathname === ROOT || pathname.startsWith(`${ROOT}/`);
}
