// @ts-check
// What was decided, by whom and why.

import { bdi, h } from "./h.js";
import { page, pagedList } from "./paged.js";
import { path } from "./router.js";
import { age } from "./times.js";
import { named, t } from "./words.js";

/** The log, newest first; of one comment, moderator or author where the address says so. */
export class LogView {
  /** @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router @param {import("./router.js").Route} route */
  constructor(desk, router, route) {
    this.desk = desk;
    this.element = h("div");
    this.update(route);
  }

  /** @param {import("./router.js").Route} route */
  update({ query }) {
    const { comment, moderator, author } = query;
    const clear = (comment || moderator || author) && h("p", {}, h("a", { href: path(this.desk.site, "log") }, t("filter.clear")));
    this.element.replaceChildren(page(t("place.log"), clear, decisionList(this.desk, { comment, moderator, author })));
  }
}

/** Decisions as lines. @param {import("./desk.js").Desk} desk @param {Record<string, any>} query */
export function decisionList(desk, query) {
  const ask = (/** @type {string} */ cursor) => desk.api.moderation("/decisions", { ...query, cursor });
  return pagedList(ask, (decision) => decisionLine(desk, decision), t("log.empty"));
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
    h("span", { class: "quiet" }, comment && h("a", { href: path(desk.site, "queue", comment, { queue: "all" }) }, t("log.comment")), author && h("a", { href: path(desk.site, "authors", author) }, t("log.author")), age(decision.created_at)),
  );
}
