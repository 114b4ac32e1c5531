// @ts-check
// A list of comments, loaded page by page as it is scrolled. It never jumps: what was decided keeps its place and goes
// once it is out of sight.

import { button, h } from "./h.js";
import { isFiltered } from "./filters.js";
import { Row } from "./row.js";
import { problemWords, t } from "./words.js";

const PAGE = 50;
const WAITING = ["pending", "flagged", "appeals"];

/** Comments in their order. */
export class CommentList {
  /**
   * @param {import("./desk.js").Desk} desk @param {Record<string, string>} query the filters
   * @param {{choose: (row: Row) => void, changed: (row: Row) => void, picked: () => void}} owner
   */
  constructor(desk, query, owner) {
    this.desk = desk;
    this.query = query;
    this.owner = owner;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {Row | null} */
    this.current = null;
    /** @type {Row | null} the last one selected: where a range begins */
    this.anchor = null;
    this.next = "";
    this.loading = false;
    this.list = h("ol", { class: "rows", role: "list", "aria-label": t("queue.comments") });
    this.line = h("p", { class: "line" });
    this.more = button(t("app.more"), () => this.load(), { class: "more", hidden: true });
    this.element = h("div", { class: "scroll" }, this.list, this.line, this.more);
    const nearEnd = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.load(), { root: null, rootMargin: "600px" });
    nearEnd.observe(this.more);
    const outOfSight = (/** @type {IntersectionObserverEntry[]} */ entries) => entries.forEach((entry) => this.purge(entry));
    this.sight = new IntersectionObserver(outOfSight, { root: null });
  }

  /** Show the next page. Pages may be empty and go on. */
  async load() {
    if (this.loading || this.next === null) return;
    this.loading = true;
    this.line.textContent = this.rows.size ? "" : t("app.loading");
    try {
      const page = await this.desk.api.moderation("/comments", { ...this.query, limit: PAGE, cursor: this.next });
      this.next = page.next_cursor;
      this.add(page.items);
      this.line.textContent = page.complete === false ? t("queue.incomplete") : "";
      this.more.hidden = this.next === null;
    } catch (problem) {
      this.line.replaceChildren(problemWords(problem), " ", button(t("app.retry"), () => this.load()));
    }
    this.loading = false;
    if (this.next && !this.rows.size) await this.load();
    if (!this.rows.size && !this.line.textContent) this.line.textContent = t(isFiltered(this.query) || !WAITING.includes(this.query.queue) ? "queue.empty_all" : "queue.empty");
  }

  /** @param {any[]} items */
  add(items) {
    for (const item of items) {
      if (this.rows.has(item.id)) continue;
      const list = { choose: (/** @type {Row} */ one) => this.owner.choose(one), changed: (/** @type {Row} */ one) => this.changed(one), picked: (/** @type {Row} */ one, /** @type {boolean} */ range) => this.pick(one, range) };
      const row = this.desk.unsent.get(item.id)?.moveTo(list) ?? new Row(this.desk, item, list);
      this.rows.set(item.id, row);
      this.list.append(row.element);
      this.sight.observe(row.element);
    }
  }

  /** @param {Row} row */
  changed(row) {
    if (this.rows.get(row.item.id) === row) this.owner.changed(row);
  }

  /** Drop a row that is decided for good and cannot be seen; what is seen stays where it is. @param {IntersectionObserverEntry} entry */
  purge(entry) {
    const row = this.rows.get(entry.target.id.slice("row-".length));
    if (entry.isIntersecting) row?.measure();
    if (!row || entry.isIntersecting || !row.over || row === this.current || this.element.offsetParent === null) return;
    const scroller = scrollerOf(this.element);
    const above = entry.boundingClientRect.bottom <= scroller.getBoundingClientRect().top;
    const height = row.element.offsetHeight;
    this.sight.unobserve(row.element);
    this.rows.delete(row.item.id);
    row.element.remove();
    if (above) scroller.scrollTop -= height;
  }

  /** @returns {Row[]} in their order */
  inOrder() {
    return [...this.rows.values()];
  }

  /** The next row to decide from one on, or the nearest before it. @param {Row | null} row @param {number} [direction] */
  nextOpen(row, direction = 1) {
    const rows = this.inOrder();
    const at = row ? rows.indexOf(row) : -1;
    const ahead = direction > 0 ? rows.slice(at + 1) : rows.slice(0, Math.max(at, 0)).reverse();
    return ahead.find((one) => one.open) ?? null;
  }

  /** The neighbour of the current row, decided or not. @param {number} direction */
  neighbour(direction) {
    const rows = this.inOrder();
    if (!this.current) return rows[0] ?? null;
    return rows[rows.indexOf(this.current) + direction] ?? null;
  }

  /**
   * @param {Row | null} row @param {boolean} [focus]
   * @param {boolean} [deciding] the list keeps still while any of the row is in sight, and turns the page after that
   */
  setCurrent(row, focus = false, deciding = false) {
    this.current?.element.removeAttribute("aria-current");
    this.current = row;
    if (!row) return;
    row.element.setAttribute("aria-current", "true");
    if (!deciding) row.element.scrollIntoView({ block: "nearest" });
    else if (!this.inSight(row)) row.element.scrollIntoView({ block: "start" });
    if (focus) row.element.focus({ preventScroll: true });
  }

  /** @param {Row} row */
  inSight(row) {
    const [its, ours] = [row.element, scrollerOf(row.element)].map((one) => one.getBoundingClientRect());
    return its.bottom > ours.top && its.top < ours.bottom;
  }

  /** The row that has the focus itself. */
  get focused() {
    return this.inOrder().find((row) => row.element === document.activeElement) ?? null;
  }

  get selected() {
    return this.inOrder().filter((row) => row.selected && row.open);
  }

  /** Select or not; with a range, everything from the last one on. @param {Row} row @param {boolean} range */
  pick(row, range) {
    const rows = this.inOrder();
    const selected = row.selected && row.open;
    const from = range && this.anchor ? rows.indexOf(this.anchor) : rows.indexOf(row);
    const [first, last] = [from, rows.indexOf(row)].sort((one, other) => one - other);
    for (const one of rows.slice(first, last + 1)) one.selected = selected && one.open;
    this.anchor = row;
    this.owner.picked();
  }

  /** @param {boolean} selected */
  selectAll(selected) {
    for (const row of this.rows.values()) row.selected = selected && row.open;
    this.owner.picked();
  }

  close() {
    this.sight.disconnect();
  }
}

/** What scrolls an element. @param {Element} element @returns {Element} */
function scrollerOf(element) {
  for (let at = element.parentElement; at; at = at.parentElement) if (/auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  return document.scrollingElement ?? document.documentElement;
}
