// @ts-check
// Articles: finding them, and what moderators change of one.

import { commentsOf } from "./authors.js";
import { withSections } from "./filters.js";
import { h } from "./h.js";
import { field, page, pagedList, smallForm } from "./paged.js";
import { path } from "./router.js";
import { age, duration } from "./times.js";
import { problemWords, t } from "./words.js";

const SLOW = [0, 30, 60, 300, 900, 3600]; // seconds between two comments of one reader

/** A list to find articles by. */
export class ArticlesView {
  /** @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router @param {import("./router.js").Route} route */
  constructor(desk, router, route) {
    this.desk = desk;
    this.router = router;
    this.element = h("div");
    this.update(route);
  }

  /** @param {import("./router.js").Route} route */
  update({ query }) {
    const { desk, router } = this;
    const words = h("input", { type: "search", value: query.q ?? "", maxlength: "200" });
    const section = h("input", { id: "articles-section", value: query.section ?? "", maxlength: "200" });
    const find = async () => router.go(path(desk.site, "articles", "", { q: words.value.trim(), section: section.value.trim() }));
    const ask = (/** @type {string} */ cursor) => desk.api.moderation("/articles", { q: query.q, section: query.section, cursor });
    const form = smallForm(t("filter.find"), find, h("div", { class: "line-up" }, field(t("articles.find"), words), field(t("filter.section"), ...withSections(desk, section))));
    this.element.replaceChildren(page(t("place.articles"), form, pagedList(ask, (article) => articleLine(desk, article))));
  }
}

/** @param {import("./desk.js").Desk} desk @param {any} article */
function articleLine(desk, article) {
  const { id, title, section, locked, visibility, moderation } = article;
  return h(
    "li",
    {},
    h("a", { href: path(desk.site, "articles", id), dir: "auto" }, title ?? id),
    locked && h("span", { class: "badge" }, t("article.locked")),
    visibility === "hidden" && h("span", { class: "badge bad" }, t("article.hidden").split(":")[0]),
    moderation && h("span", { class: "badge" }, t(`article.moderation.${moderation}`)),
    section && h("span", { class: "quiet", dir: "auto" }, section),
    h("span", { class: "quiet" }, t("article.comments", { n: article.comment_count }), " · ", age(article.created_at)),
  );
}

/** One article. */
export class ArticleView {
  /** @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router @param {import("./router.js").Route} route */
  constructor(desk, router, route) {
    this.desk = desk;
    this.id = route.id;
    this.element = h("div");
    this.facts = h("div", { class: "facts-column" });
    this.said = h("p", { class: "quiet", role: "status" });
    this.comments = commentsOf(desk, router, { article: route.id });
    this.load();
  }

  leave() {
    this.comments.close();
  }

  async load() {
    try {
      const article = await this.find();
      if (article) this.show(article);
      else this.element.replaceChildren(page(this.id, h("p", { class: "nothing" }, t("article.unknown"))));
    } catch (problem) {
      this.element.replaceChildren(page(this.id, h("p", { class: "wrong", role: "alert" }, problemWords(problem))));
    }
  }

  /** The article among those whose id begins like its own. @returns {Promise<any>} */
  async find() {
    for (let cursor = ""; cursor !== null; ) {
      const { items, next_cursor: next } = await this.desk.api.moderation("/articles", { q: this.id, limit: 100, cursor });
      const found = items.find((/** @type {any} */ item) => item.id === this.id);
      if (found) return found;
      cursor = next;
    }
    return null;
  }

  /** @param {any} article */
  show(article) {
    const { id, title, url, section } = article;
    if (!this.facts.isConnected) {
      const about = h("p", { class: "quiet" }, section && [h("span", { dir: "auto" }, section), " · "], h("code", {}, id), url && [" · ", h("a", { href: url, target: "_blank", rel: "noopener" }, t("article.read"))]);
      const comments = h("section", {}, h("h2", {}, t("article.latest")), h("p", {}, h("a", { href: path(this.desk.site, "queue", "", { queue: "all", article: id }) }, t("author.all_comments"))), this.comments.element);
      this.element.replaceChildren(page(title ?? id, about, h("div", { class: "two" }, h("div", {}, comments), h("div", {}, this.facts, this.said))));
    }
    this.facts.replaceChildren(this.lock(article), this.visibility(article), this.moderation(article), this.slow(article));
  }

  /** @param {Record<string, unknown>} changes */
  async change(changes) {
    this.said.textContent = "";
    await this.desk.api.send("PATCH", `/moderation/articles/${encodeURIComponent(this.id)}`, changes);
    await this.load();
    this.said.textContent = t("article.saved");
  }

  /** @param {any} article */
  lock({ locked, locked_reason: why, comment_count: n }) {
    const reason = h("input", { maxlength: "500" });
    const change = () => this.change(locked ? { locked: false, locked_reason: null } : { locked: true, locked_reason: reason.value.trim() || null });
    const form = smallForm(t(locked ? "article.unlock" : "article.lock"), change, locked ? [] : field(t("article.lock_reason"), reason));
    const state = locked ? [t("article.locked"), why && [" · ", h("bdi", {}, why)]] : t("article.open");
    return h("section", {}, h("h2", {}, t("article.comments", { n })), h("p", {}, state), form);
  }

  /** @param {any} article */
  visibility({ visibility }) {
    const hidden = visibility === "hidden";
    const change = async () => {
      await this.change({ visibility: hidden ? "shown" : "hidden" });
      if (!hidden) this.desk.undo.add(t("article.was_hidden"), () => this.change({ visibility: "shown" }));
    };
    const form = smallForm(t(hidden ? "article.show" : "article.hide"), change);
    return h("section", {}, h("h2", {}, t("article.visibility")), h("p", {}, t(hidden ? "article.hidden" : "article.shown")), form);
  }

  /** @param {any} article */
  moderation({ moderation }) {
    const choice = h("select", {}, ["none", "pre", "post"].map((name) => h("option", { value: name, selected: name === (moderation ?? "none") }, t(`article.moderation.${name}`))));
    return h("section", {}, smallForm(t("app.save"), () => this.change({ moderation: choice.value === "none" ? null : choice.value }), field(t("article.moderation"), choice)));
  }

  /** @param {any} article */
  slow({ slow_mode_seconds: now }) {
    const lengths = SLOW.includes(now ?? 0) ? SLOW : [...SLOW, now];
    const choice = h("select", {}, lengths.map((seconds) => h("option", { value: seconds, selected: seconds === (now ?? 0) }, seconds ? t("article.slow_seconds", { time: seconds < 60 ? `${seconds} s` : duration(seconds) }) : t("article.slow_off"))));
    return h("section", {}, smallForm(t("app.save"), () => this.change({ slow_mode_seconds: Number(choice.value) }), field(t("article.slow"), choice)));
  }
}
