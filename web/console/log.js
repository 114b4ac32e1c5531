// @ts-check
// What was decided, by whom and why.

import { chip } from "./filters.js";
import { bdi, h } from "./h.js";
import { page, pagedList } from "./paged.js";
import { path } from "./router.js";
import { age } from "./times.js";
import { named, t } from "./words.js";

const BY = ["comment", "moderator", "author"];
const FIRST_WORDS = 120; // characters of a comment

/** The log, newest first; of one comment, moderator or author where the address says so. */
export class LogView {
  /** @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router @param {import("./router.js").Route} route */
  constructor(desk, router, route) {
    this.desk = desk;
    this.router = router;
    this.element = h("div");
    this.update(route);
  }

  /** @param {import("./router.js").Route} route */
  update({ query }) {
    const asked = Object.fromEntries(BY.filter((name) => query[name]).map((name) => [name, query[name]]));
    const chips = h("div", { class: "chips" });
    const drop = (/** @type {string} */ name) => this.router.go(path(this.desk.site, "log", "", { ...asked, [name]: "" }));
    const name = (/** @type {any[]} */ decisions) =>
      chips.replaceChildren(...Object.entries(asked).map(([by, id]) => chip(t(`log.only.${by}`), decisions[0]?.[`${by}_name`] ?? id, () => drop(by))));
    name([]);
    this.element.replaceChildren(page(t("place.log"), chips, decisionList(this.desk, asked, name)));
  }
}

/** Decisions as lines. @param {import("./desk.js").Desk} desk @param {Record<string, any>} query @param {(decisions: any[]) => void} [came] */
export function decisionList(desk, query, came = () => {}) {
  const ask = async (/** @type {string} */ cursor) => {
    const found = await desk.api.moderation("/decisions", { ...query, cursor });
    const items = await withNames(desk, found.items);
    if (!cursor) came(items);
    return { ...found, items };
  };
  return pagedList(ask, (decision) => decisionLine(desk, decision), t("log.empty"));
}

/** A page of decisions with what its ids stand for: the log itself has ids only. @param {import("./desk.js").Desk} desk @param {any[]} decisions */
async function withNames(desk, decisions) {
  const comments = await each(decisions.map((one) => one.comment_id), (id) => desk.api.moderation(`/comments/${id}`));
  const without = decisions.filter((one) => !comments.has(one.comment_id)).map((one) => one.author_id);
  const authors = await each(without, (id) => desk.api.moderation(`/authors/${id}`));
  return decisions.map((decision) => ({
    ...decision,
    comment_name: comments.get(decision.comment_id)?.text.slice(0, FIRST_WORDS),
    author_name: (comments.get(decision.comment_id) ?? authors.get(decision.author_id))?.author.name,
    moderator_name: decision.moderator?.name,
  }));
}

/** What there is of some ids. @param {(string | null)[]} ids @param {(id: string) => Promise<any>} ask @returns {Promise<Map<string | null, any>>} */
async function each(ids, ask) {
  const distinct = [...new Set(ids)].filter((id) => id !== null);
  const found = await Promise.all(distinct.map(async (id) => [id, await ask(/** @type {string} */ (id)).catch(() => null)]));
  return new Map(found.filter(([, one]) => one));
}

/** @param {import("./desk.js").Desk} desk @param {any} decision */
function decisionLine(desk, decision) {
  const { action, check, reason, note, moderator, comment_id: comment, author_id: author } = decision;
  const who = moderator ? h("a", { href: path(desk.site, "log", "", { moderator: moderator.id }) }, bdi(moderator.name)) : t(action === "delete" ? "who.author" : check ? "who.rule" : "who.nobody");
  return h(
    "li",
    { class: "decision" },
    h("span", {}, who, " ", named("past", action), check && ` (${named("check", check)})`, reason && ` · ${named("reason", reason)}`),
    note && h("q", { dir: "auto" }, note),
    h("span", { class: "quiet" }, author && h("a", { href: path(desk.site, "authors", author) }, bdi(decision.author_name ?? t("log.author"))), comment && h("a", { class: "words-link", href: path(desk.site, "queue", comment, { queue: "all" }), dir: "auto" }, decision.comment_name || t("log.comment")), age(decision.created_at)),
  );
}
