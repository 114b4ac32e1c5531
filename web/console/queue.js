// @ts-check
// The workbench: a list of comments and the one that is looked at, with its decisions.

import { askBan, takeBackBan } from "./bans.js";
import { KEYS, Decisions, label, offered } from "./decisions.js";
import { QUEUES } from "./desk.js";
import { dialogIsOpen } from "./dialog.js";
import { FILTERS, filterChips, isFiltered } from "./filters.js";
import { button, h, keycap } from "./h.js";
import { ItemView } from "./item.js";
import { CommentList } from "./list.js";
import { askReason } from "./removing.js";
import { decisionWords } from "./row.js";
import { path } from "./router.js";
import { number } from "./times.js";
import { problemWords, t, waitedWords } from "./words.js";

const WIDE = matchMedia("(min-width: 700px)");
const WAITING = ["pending", "flagged", "appeals"];
const STAYING = ["feature", "unfeature"];
const LEAVING = ["approve", "remove", "spam", "dismiss_flags", "uphold", "restore"];

/** @typedef {import("./row.js").Row} Row */

/** One queue, or whatever else of comments was asked for. */
export class QueueView {
  /** @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router @param {import("./router.js").Route} route */
  constructor(desk, router, route) {
    this.desk = desk;
    this.router = router;
    this.query = asked(route.query);
    this.decisions = new Decisions(desk);
    /** @type {Map<string, Promise<any>>} details by comment and version */
    this.details = new Map();
    this.item = new ItemView(desk, { decide: (action) => this.decideCurrent(action), back: () => this.show("") });
    this.head = h("header", { class: "list-head" });
    this.arrived = button("", () => this.reload(), { class: "arrived", hidden: true });
    this.bulk = h("div", { class: "bulk", role: "group", hidden: true });
    this.bars = new ResizeObserver(() => this.barred());
    this.bars.observe(this.item.bar);
    this.bars.observe(this.bulk);
    this.column = h("div", { class: "column list-column", id: "content" }, this.head, h("div", { class: "arrived-place" }, this.arrived));
    this.element = h("div", { class: "workbench" }, this.column, h("div", { class: "column item-column" }, this.item.element));
    this.stop = [desk.on("decision.made", (decision) => this.heard(decision)), desk.on("counts", () => this.counted()), desk.on("lost", () => this.lost())];
    this.renew();
    this.open(route.id);
  }

  /** The same place with another address: another comment, or other filters. @param {import("./router.js").Route} route */
  update(route) {
    const query = asked(route.query);
    if (JSON.stringify(query) !== JSON.stringify(this.query)) {
      this.query = query;
      this.renew();
    }
    this.open(route.id);
  }

  leave() {
    for (const stop of this.stop) stop();
    this.bars.disconnect();
    document.documentElement.style.removeProperty("--bars");
    this.list.close();
  }

  /** What floats at the bottom stays above the buttons there. */
  barred() {
    const height = Math.max(this.item.bar.offsetHeight, this.bulk.offsetHeight);
    document.documentElement.style.setProperty("--bars", `${height}px`);
  }

  /** A new list. */
  renew() {
    this.list?.close();
    this.list?.element.remove();
    this.bulk.remove();
    this.list = new CommentList(this.desk, this.query, { choose: (row) => this.choose(row), changed: (row) => this.changed(row), picked: () => this.picked() });
    this.column.append(this.list.element, this.bulk);
    this.head.replaceChildren(...this.heading());
    this.arrived.hidden = true;
    this.missed = false;
    this.picked();
    this.known = null;
    this.loaded = this.list.load().then(() => this.arrive());
  }

  /** The first page is there: what is filtered by has a name now. */
  arrive() {
    this.counted();
    const [row] = this.list.rows.values();
    if (row) this.chips.replaceChildren(...filterChips(this.query, (query) => this.find(query), { author: row.item.author.name, article: row.item.article.title }));
  }

  /** The list again, from its beginning. */
  reload() {
    this.renew();
    this.open("");
  }

  heading() {
    const queue = this.query.queue;
    this.total = h("span", { class: "count" });
    this.waited = h("p", { class: "quiet" }, queue === "pending" ? "\u00a0" : "");
    const find = (/** @type {Record<string, string>} */ query) => this.find(query);
    return [
      h("h1", {}, t(`queue.${queue}`), " ", this.total),
      h("nav", { class: "tabs", "aria-label": t("queues") }, QUEUES.map((name) => this.tab(name))),
      (this.chips = h("div", { class: "chips" }, filterChips(this.query, find))),
      this.waited,
    ];
  }

  /** @param {string} name */
  tab(name) {
    const current = name === this.query.queue;
    const n = this.desk.counts?.[/** @type {"spam"} */ (name)];
    const count = h("span", { class: "count", "data-count": name }, n === undefined ? "" : number(n));
    return h("a", { href: path(this.desk.site, "queue", "", { ...this.query, queue: name }), "aria-current": current && "page" }, t(`queue.${name}`), " ", count);
  }

  /** @param {Record<string, string>} query */
  find(query) {
    this.router.go(path(this.desk.site, "queue", "", query));
  }

  // ---- the comment that is looked at

  /** Show the comment of the address; on wide screens the first one where it names none. @param {string} id */
  async open(id) {
    this.element.toggleAttribute("data-open", id !== "");
    const list = this.list;
    if (id && list.rows.get(id) === list.current && list.current) return this.render();
    if (!id) this.item.empty();
    await this.loaded;
    if (list !== this.list) return;
    const row = id ? list.rows.get(id) : null;
    if (row) this.look(row);
    else if (id) this.lookElsewhere(id);
    else if (WIDE.matches) this.lookAtFirst();
    else list.setCurrent(null);
  }

  lookAtFirst() {
    const first = this.list.nextOpen(null);
    if (!first) return this.item.empty(this.list.rows.size ? t("queue.choose") : "");
    this.address(first.item.id, true);
    this.look(first);
  }

  /** A comment that is not in the list, as after a reload. @param {string} id */
  async lookElsewhere(id) {
    try {
      const detail = await this.desk.api.moderation(`/comments/${id}`);
      this.list.add([detail]);
      const row = this.list.rows.get(id);
      if (!row) return;
      this.list.list.prepend(row.element);
      this.list.rows = new Map([[id, row], ...this.list.rows]);
      this.look(row);
    } catch (problem) {
      this.item.empty(problem.code === "comment_not_found" ? t("queue.gone") : problemWords(problem));
    }
  }

  /** @param {Row} row @param {boolean} [focus] @param {boolean} [deciding] the list keeps still as long as it can */
  look(row, focus = false, deciding = false) {
    this.list.setCurrent(row, focus, deciding);
    this.render();
    this.prepare(this.list.nextOpen(row));
  }

  /** Ask for a comment's context before anybody looks at it. @param {Row | null} row */
  prepare(row) {
    if (row) this.detailOf(row.item).catch(() => {});
  }

  /** @param {any} item @returns {Promise<any>} */
  detailOf(item) {
    const key = item.id + item.version;
    const known = this.details.get(key) ?? this.ask(item);
    this.details.set(key, known);
    known.catch(() => this.details.delete(key));
    return known;
  }

  /** A comment's surroundings and history, and what people said about it where they did. @param {any} item */
  async ask(item) {
    const spoken = item.why.includes("appeal") || item.flags.by_reason.illegal;
    const { api } = this.desk;
    const [detail, statements] = await Promise.all([api.moderation(`/comments/${item.id}`), spoken && api.moderation(`/comments/${item.id}/statements`)]);
    return { ...detail, statements };
  }

  async render() {
    const row = this.list.current;
    if (!row) return;
    const { item } = row;
    this.item.show(item, standing(row));
    try {
      const detail = await this.detailOf(item);
      if (this.list.current === row && row.item === item) this.item.fill(item, detail);
    } catch {
      // its surroundings are not known now; the comment itself is
    }
  }

  /** @param {Row} row */
  choose(row) {
    this.address(row.item.id, this.element.hasAttribute("data-open"));
    this.look(row);
    if (!WIDE.matches) this.item.element.focus();
  }

  /** Put a comment into the address. @param {string} id @param {boolean} replace */
  address(id, replace) {
    this.router.go(path(this.desk.site, "queue", id, this.query), { replace, quiet: true });
    this.element.toggleAttribute("data-open", id !== "");
    if (id && !WIDE.matches) this.list.selectAll(false);
  }

  /** @param {string} id none: back to the list */
  show(id) {
    const row = this.list.current;
    this.address(id, false);
    row?.element.focus();
  }

  /** @param {number} direction */
  move(direction) {
    const row = this.list.neighbour(direction);
    if (!row) return;
    this.address(row.item.id, true);
    this.look(row, WIDE.matches || !this.element.hasAttribute("data-open"));
    if (direction > 0 && !this.list.neighbour(4)) this.list.load();
  }

  // ---- deciding

  /** What keys decide about: what is selected, or the comment that is looked at, which on a phone is all one sees. */
  subjects() {
    const { selected } = this.list;
    const hidden = !WIDE.matches && this.element.hasAttribute("data-open");
    return selected.length && !hidden ? selected : this.looked();
  }

  /** The comment that is looked at, while it is to be decided. @returns {Row[]} */
  looked() {
    const { current } = this.list;
    return current?.open ? [current] : [];
  }

  /** What is selected, or else the comment that is looked at; a ban is about one author. @param {string} action */
  decide(action) {
    this.decideAbout(action === "ban" ? this.looked() : this.subjects(), action);
  }

  /** The comment that is looked at, whatever is selected. @param {string} action */
  decideCurrent(action) {
    this.decideAbout(this.looked(), action);
  }

  /** @param {Row[]} subjects @param {string} action */
  decideAbout(subjects, action) {
    const rows = subjects.filter((row) => offered(row.item).includes(action));
    if (!rows.length || dialogIsOpen()) return;
    if (action === "remove") this.asking = askReason(rows.map((row) => row.item), (why) => this.make(rows, action, why));
    else if (action === "ban") this.ban(rows[0]);
    else this.make(rows, action);
  }

  /** @param {Row[]} rows @param {string} action @param {import("./decisions.js").Why} [why] */
  make(rows, action, why) {
    const focused = this.item.bar.contains(document.activeElement);
    const picked = rows.some((row) => row.selected);
    this.decisions.make(rows, action, why);
    if (picked) this.list.selectAll(false);
    if (STAYING.includes(action)) return;
    if (rows.includes(/** @type {Row} */ (this.list.current))) this.goOn(focused);
    if (this.list.inOrder().filter((row) => row.open).length < 20) this.list.load();
  }

  /** The next comment is looked at. @param {boolean} focused on the buttons, where it stays */
  goOn(focused) {
    const { current } = this.list;
    const next = this.list.nextOpen(current) ?? this.list.nextOpen(current, -1);
    if (!next) return this.render();
    this.address(next.item.id, true);
    this.look(next, !focused && this.column.offsetParent !== null, true);
  }

  /** @param {Row} row */
  ban(row) {
    const { author, author_record: record } = row.item;
    this.asking = askBan(this.desk, author, record, (ban) => this.banned(row, ban));
  }

  /** Their comments fade when they are removed with the ban; all of it can be taken back. @param {Row} row @param {any} ban */
  banned(row, ban) {
    const { id, name } = row.item.author;
    const removed = ban.removal?.state === "running";
    const theirs = this.list.inOrder().filter((one) => one.item.author.id === id && one.open);
    const record = { ...row.item.author_record, ban: { until: ban.until, reason: ban.reason } };
    const before = new Map(theirs.map((one) => [one, one.item]));
    const back = async () => {
      for (const [one, item] of before) one.revive(item);
      try {
        await takeBackBan(this.desk, ban, removed);
      } catch (problem) {
        row.revive(undefined, problemWords(problem));
      }
    };
    const step = this.desk.undo.add(t("ban.done", { name }), back, () => theirs.forEach((one) => !one.open && one.stand()));
    const takeBack = () => this.desk.undo.takeBack(step);
    for (const one of theirs) {
      if (removed && ["published", "pending"].includes(one.item.status)) one.settle(t("done.ban"), takeBack);
      else one.renew({ author_record: record });
    }
    this.desk.say(t("ban.done", { name }));
    if (!row.open) this.goOn(false);
  }

  // ---- what happens meanwhile

  /** A decision was made, here or elsewhere. @param {any} decision */
  async heard(decision) {
    const row = decision.comment_id && this.list.rows.get(decision.comment_id);
    const mine = decision.moderator?.id === this.desk.me.author.id;
    if (!row) return mine || this.elsewhere(decision);
    const version = decision.version ?? 0;
    const { item } = row;
    if (mine ? !row.open || version <= item.version : version < item.version || (row.over && !row.open)) return;
    if (STAYING.includes(decision.action)) return row.renew({ featured: decision.action === "feature" });
    if (decision.action === "hold") return this.refresh(row);
    if (row === this.list.current) this.asking?.close();
    row.item = { ...item, version, status: decision.to ?? item.status };
    const undecided = row.open;
    row.decidedBy(decisionWords(decision));
    if (row === this.list.current || !undecided) this.desk.say(row.note);
  }

  /** Somebody decided what is not loaded here: it does not make room for a new comment. @param {any} decision */
  elsewhere({ from, to, action }) {
    const left = this.query.queue === "pending" ? from === "pending" && to !== "pending" : LEAVING.includes(action);
    if (left && this.known) this.known -= 1;
  }

  /** @param {Row} row */
  async refresh(row) {
    try {
      row.update(await this.desk.api.moderation(`/comments/${row.item.id}`));
    } catch {
      // it is shown as it was, and decisions meet a newer version
    }
  }

  /** How many wait now: more than are known here are offered. */
  counted() {
    const { counts } = this.desk;
    for (const place of this.head.querySelectorAll("[data-count]")) place.textContent = textOf(counts, place.getAttribute("data-count"));
    if (!counts || !this.total) return;
    this.total.textContent = isFiltered(this.query) ? "" : textOf(counts, this.query.queue);
    const waited = this.query.queue === "pending" && counts.oldest_pending_at;
    if (this.query.queue === "pending") this.waited.textContent = waited ? waitedWords(waited) : "\u00a0";
    const now = counts[/** @type {"pending"} */ (this.query.queue)];
    if (!WAITING.includes(this.query.queue) || isFiltered(this.query) || this.list.loading) return;
    const here = this.list.inOrder().filter((row) => !row.over).length;
    this.known ??= Math.max(0, now - here); // what is not loaded yet
    if (this.list.next === null) this.known = 0;
    const more = now - here - this.known;
    if (more > 0 && !this.list.rows.size) return this.reload();
    this.arrived.textContent = more > 0 ? t("queue.new", { n: more }) : t("queue.changed");
    this.arrived.hidden = more <= 0 && !this.missed;
  }

  /** Something may have been missed. */
  lost() {
    this.missed = true;
    this.arrived.textContent = t("queue.changed");
    this.arrived.hidden = false;
  }

  // ---- rows

  /** @param {Row} row */
  changed(row) {
    if (row === this.list.current) this.render();
    this.picked();
  }

  /** Something was selected or decided, perhaps hundreds at once: the bar is made once. */
  picked() {
    if (!this.picking) queueMicrotask(() => this.showPicked());
    this.picking = true;
  }

  /** The bar for what is selected. */
  showPicked() {
    this.picking = false;
    const rows = this.list.selected;
    this.bulk.hidden = !rows.length;
    this.element.toggleAttribute("data-bulk", rows.length > 0);
    if (!rows.length) return;
    const actions = [...new Set(rows.flatMap((row) => offered(row.item)))].filter((action) => action !== "ban");
    this.bulk.replaceChildren(
      h("strong", { role: "status" }, t("bulk.selected", { n: rows.length })),
      ...actions.map((action) => button([label(action, null), keycap(KEYS[/** @type {"spam"} */ (action)])], () => this.decide(action), { "data-action": action })),
      button([t("bulk.none"), keycap("Esc")], () => this.list.selectAll(false), { class: "plain" }),
    );
  }

  /** A single key. @param {string} key @returns {boolean} whether it meant something here */
  key(key) {
    const subject = this.subjects()[0];
    const action = subject && Object.entries(KEYS).find(([name, its]) => its === key && this.subjects().some((row) => offered(row.item).includes(name)))?.[0];
    if (action) this.decide(action);
    else if (key === "j" || key === "k") this.move(key === "j" ? 1 : -1);
    else if (key === "x") this.toggle();
    else if (key === "*") this.list.selectAll(!this.list.selected.length);
    else if (key === "ArrowDown" || key === "ArrowUp") return this.arrow(key === "ArrowDown" ? 1 : -1);
    else if (key === "Enter") return this.enter();
    else if (key === "o") this.list.current?.unfold();
    else if (key === "Escape") this.escape();
    else if (key === "p" && this.list.current) this.router.go(path(this.desk.site, "authors", this.list.current.item.author.id));
    else if (key === "l" && this.list.current) this.router.go(path(this.desk.site, "articles", this.list.current.item.article.id));
    else if (/^[1-7]$/.test(key)) this.router.go(path(this.desk.site, "queue", "", { ...this.query, queue: QUEUES[Number(key) - 1] }));
    else return false;
    return true;
  }

  toggle() {
    const row = this.list.current;
    if (!row?.open) return;
    row.selected = !row.selected;
    this.list.pick(row, false);
  }

  /** On a row, as without single keys. @param {number} direction @returns {boolean} */
  arrow(direction) {
    const row = this.list.focused;
    if (!row) return false;
    if (row !== this.list.current) this.list.setCurrent(row);
    this.move(direction);
    return true;
  }

  /** @returns {boolean} */
  enter() {
    const row = this.list.focused;
    if (!row) return false;
    if (row === this.list.current && WIDE.matches) row.unfold();
    else this.choose(row);
    return true;
  }

  escape() {
    if (this.list.selected.length) this.list.selectAll(false);
    else if (!WIDE.matches) this.show("");
  }
}

/** The filters of an address, nothing else. @param {Record<string, string>} query @returns {Record<string, string>} */
function asked(query) {
  const queue = QUEUES.includes(query.queue) ? query.queue : "pending";
  return { queue, ...Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, query[name]])) };
}

/** @param {Row} row */
function standing(row) {
  return { note: row.note, open: row.open, takeBack: row.takeBack ?? null };
}

/** @param {any} counts @param {string | null} name */
function textOf(counts, name) {
  const n = name && counts?.[name];
  return typeof n === "number" ? number(n) : "";
}
