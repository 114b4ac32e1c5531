// @ts-check
// How it goes: four numbers, what was held and flagged, where people talk.

import { bar, bars, columns, sparkline } from "./charts.js";
import { h } from "./h.js";
import { page } from "./paged.js";
import { path } from "./router.js";
import { duration, hour, number } from "./times.js";
import { problemWords, t } from "./words.js";

const EVERY = 60_000; // milliseconds

/** The last 24 hours or 7 days. */
export class DashboardView {
  /** @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router @param {import("./router.js").Route} route */
  constructor(desk, router, route) {
    this.desk = desk;
    this.element = h("div");
    this.timer = setInterval(() => this.load(), EVERY);
    this.stop = desk.on("counts", () => this.counted());
    this.update(route);
  }

  leave() {
    clearInterval(this.timer);
    this.stop();
  }

  /** @param {import("./router.js").Route} route */
  update({ query }) {
    this.window = query.window === "7d" ? "7d" : "24h";
    this.load();
  }

  async load() {
    const { window } = this;
    try {
      const stats = await this.desk.api.moderation("/stats", { window });
      if (window !== this.window) return;
      this.element.replaceChildren(this.board(stats));
      this.counted();
    } catch (problem) {
      if (!this.element.children.length) this.element.replaceChildren(page(t("place.dashboard"), h("p", { class: "wrong", role: "alert" }, problemWords(problem))));
    }
  }

  /** What waits now is what the queue says: the hours know it as it was when something last happened. */
  counted() {
    const { counts } = this.desk;
    const [waiting, oldest] = this.element.querySelectorAll(".tile .value");
    if (!counts || !waiting) return;
    waiting.textContent = number(counts.pending);
    oldest.textContent = counts.oldest_pending_at ? duration((Date.now() - Date.parse(counts.oldest_pending_at)) / 1000) : "–";
  }

  /** @param {any} stats */
  board({ hours, by_check: checks, by_reason: reasons, articles }) {
    const week = this.window === "7d";
    const link = (/** @type {string} */ window, /** @type {string} */ words) => h("a", { href: path(this.desk.site, "dashboard", "", { window: window === "24h" ? "" : window }), "aria-current": this.window === window && "page" }, words);
    const windows = h("nav", { class: "tabs" }, link("24h", t("stats.day")), link("7d", t("stats.week")));
    const most = Math.max(1, ...articles.map((/** @type {any} */ article) => article.recent_count));
    const busiest = articles.slice(0, 8).map((/** @type {any} */ article) => bar(h("a", { href: path(this.desk.site, "articles", article.id) }, article.title ?? article.id), article.recent_count, most));
    return page(
      t("place.dashboard"),
      windows,
      h("div", { class: "tiles" }, level(hours, "waiting", "stats.waiting", number, week), level(hours, "oldest_seconds", "stats.oldest", duration, week), sum(hours, "comments", week), sum(hours, "removed", week)),
      h("div", { class: "charts" }, ["comments", "held", "removed"].map((name) => byHour(hours, name, week))),
      h("div", { class: "boards" }, board(t("stats.by_check"), bars(checks, "check")), board(t("stats.by_reason"), bars(reasons, "reason")), board(t("stats.articles"), h("ul", { class: "bars", role: "list" }, busiest))),
    );
  }
}

/** A number as it is now, and how it went. @param {any[]} hours @param {string} measure @param {string} words @param {(n: number) => string} say @param {boolean} week */
function level(hours, measure, words, say, week) {
  const values = hours.map((one) => one[measure]);
  const last = values.at(-1);
  const none = measure === "oldest_seconds" && !last;
  const label = t("stats.chart_level", { what: t(words), last: say(last), ...highest(hours, measure, say, week) });
  return tile(t(words), none ? "–" : say(last), values, label, highest(hours, measure, say, week));
}

/** A number added up, and how it went. @param {any[]} hours @param {string} measure @param {boolean} week */
function sum(hours, measure, week) {
  const values = hours.map((one) => one[measure]);
  const total = values.reduce((one, other) => one + other, 0);
  const top = highest(hours, measure, number, week);
  return tile(t(`stats.${measure}`), number(total), values, t("stats.chart", { what: t(`stats.${measure}`), sum: total, ...top }), top);
}

/** The highest value and when it was. @param {any[]} hours @param {string} measure @param {(n: number) => string} say @param {boolean} week */
function highest(hours, measure, say, week) {
  const top = hours.reduce((one, other) => (other[measure] > one[measure] ? other : one));
  return { most: say(top[measure]), hour: hour(top.at, week), n: top[measure] };
}

/** @param {string} name @param {string} value @param {number[]} values @param {string} label @param {{most: string, hour: string, n: number}} top */
function tile(name, value, values, label, top) {
  return h("section", { class: "tile" }, h("h2", {}, name), h("p", { class: "value" }, value), sparkline(values, label), h("p", { class: "quiet" }, top.n ? t("stats.peak", { n: top.most, hour: top.hour }) : " "));
}

/** @param {any[]} hours @param {string} measure @param {boolean} week */
function byHour(hours, measure, week) {
  const values = hours.map((one) => one[measure]);
  const top = highest(hours, measure, number, week);
  const total = values.reduce((one, other) => one + other, 0);
  const label = t("stats.chart", { what: t(`stats.${measure}`), sum: total, ...top });
  return h(
    "figure",
    {},
    h("figcaption", {}, h("strong", {}, t(`stats.${measure}`)), h("span", { class: "quiet" }, top.n ? t("stats.peak", { n: top.most, hour: top.hour }) : t("stats.none"))),
    columns(values, label),
    h("p", { class: "axis quiet", "aria-hidden": "true" }, h("span", {}, hour(hours[0].at, week)), h("span", {}, hour(hours[Math.floor(hours.length / 2)].at, week)), h("span", {}, t("stats.now"))),
  );
}

/** @param {string} title @param {HTMLElement} list */
function board(title, list) {
  return h("section", {}, h("h2", {}, title), list.children.length ? list : h("p", { class: "quiet" }, t("stats.none")));
}
