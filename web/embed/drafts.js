// @ts-check
// What the section keeps in the storage of the page's own origin, for one site: drafts, a guest's token, muted people,
// the last notice seen. Where the browser forbids that, nothing is kept.

/** @typedef {{text: string, key?: string, body?: object}} Draft `key` and `body`: as it was sent, to be sent again */

/** One site's things, by name. */
export class Kept {
  /** @param {string} site */
  constructor(site) {
    this.prefix = `discuss:${site}:`;
  }

  /** @param {string} name @returns {any} null when there is none */
  get(name) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + name) ?? "null");
    } catch {
      return null;
    }
  }

  /** @param {string} name @param {unknown} value null forgets it */
  set(name, value) {
    try {
      if (value === null) localStorage.removeItem(this.prefix + name);
      else localStorage.setItem(this.prefix + name, JSON.stringify(value));
    } catch {
      // full or forbidden: it lasts as long as the page
    }
  }

  /** What has a draft on an article: ids of parents, "" for the article itself. @param {string} article @returns {Set<string>} */
  drafts(article) {
    const start = `${this.prefix}${draftName(article, "")}`;
    try {
      return new Set(Object.keys(localStorage).filter((name) => name.startsWith(start)).map((name) => name.slice(start.length)));
    } catch {
      return new Set();
    }
  }
}

/** @param {string} article @param {string} parent */
export function draftName(article, parent) {
  return `draft:${article}/${parent}`;
}
