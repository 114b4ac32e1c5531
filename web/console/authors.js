// @ts-check
// People: finding them, and what moderators know of and do with somebody.

import { askBan, takeBackBan } from "./bans.js";
import { bdi, button, h } from "./h.js";
import { CommentList } from "./list.js";
import { decisionList } from "./log.js";
import { field, page, pagedList, smallForm } from "./paged.js";
import { recordWords } from "./row.js";
import { path } from "./router.js";
import { age, date, number } from "./times.js";
import { named, problemWords, t } from "./words.js";

const ROLES = ["reader", "staff", "moderator", "admin"];
const RECORD = ["approved", "removed", "pending", "flags_upheld"];
const AGAIN = 1_000; // milliseconds between two looks at a removal that runs

/** A list to find people by. */
export class AuthorsView {
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
    const name = h("input", { type: "search", value: query.q ?? "", maxlength: "200" });
    const find = async () => router.go(path(desk.site, "authors", "", { q: name.value.trim() }));
    const ask = (/** @type {string} */ cursor) => desk.api.moderation("/authors", { q: query.q, cursor });
    this.element.replaceChildren(page(t("place.authors"), smallForm(t("filter.find"), find, field(t("authors.find"), name)), pagedList(ask, (author) => authorLine(desk, author))));
  }
}

/** @param {import("./desk.js").Desk} desk @param {any} author */
function authorLine(desk, author) {
  const record = author.author_record;
  return h("li", {}, nameLink(desk, author), badges(author, record?.ban), record && h("span", { class: "quiet" }, recordWords(record)));
}

/** @param {import("./desk.js").Desk} desk @param {any} author */
function nameLink(desk, author) {
  return h("a", { href: path(desk.site, "authors", author.id) }, bdi(author.name));
}

/** @param {any} author @param {any} ban */
function badges(author, ban) {
  return [author.guest && h("span", { class: "badge" }, t("badge.guest")), author.roles.map((/** @type {string} */ role) => h("span", { class: "badge" }, named("badge", role))), ban && h("span", { class: "badge bad" }, t("badge.banned"))];
}

/** What a list of comments on another page is: pressing one opens it in the queues. @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router @param {Record<string, string>} query */
export function commentsOf(desk, router, query) {
  const asked = { queue: "all", ...query };
  const list = new CommentList(desk, asked, { choose: (row) => router.go(path(desk.site, "queue", row.item.id, asked)), changed: () => {}, picked: () => {} });
  list.element.classList.add("only-read");
  list.load();
  return list;
}

/** Somebody. */
export class AuthorView {
  /** @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router @param {import("./router.js").Route} route */
  constructor(desk, router, route) {
    this.desk = desk;
    this.id = route.id;
    this.element = h("div");
    this.facts = h("div", { class: "facts-column" });
    this.router = router;
    this.comments = commentsOf(desk, router, { author: route.id });
    this.load();
  }

  leave() {
    clearTimeout(this.timer);
    this.comments.close();
  }

  get url() {
    return `/moderation/authors/${this.id}`;
  }

  async load() {
    try {
      this.show(await this.desk.api.get(this.url));
    } catch (problem) {
      this.element.replaceChildren(page(t("place.authors"), h("p", { class: "wrong", role: "alert" }, problemWords(problem))));
    }
  }

  /** @param {any} person */
  show(person) {
    const state = person.removal?.state;
    if (this.person && this.person.removal?.state !== state) this.renewComments();
    this.person = person;
    const { author, author_record: record } = person;
    if (!this.facts.isConnected) {
      const all = h("p", {}, h("a", { href: path(this.desk.site, "queue", "", { queue: "all", author: author.id }) }, t("author.all_comments")));
      const comments = h("section", {}, h("h2", {}, t("author.comments")), all, this.comments.element);
      const decisions = h("section", {}, h("h2", {}, t("author.decisions")), decisionList(this.desk, { author: author.id }));
      this.element.replaceChildren(page(bdi(author.name), h("div", { class: "two" }, h("div", {}, comments), h("div", {}, this.facts, decisions))));
    }
    this.facts.replaceChildren(h("p", {}, badges({ ...author, roles: person.roles.slice(1) }, record.ban)), this.record(), this.ban(), this.notes(), this.network(), this.desk.isAdmin ? this.powers() : "");
  }

  /** Their comments as they are since a removal. */
  renewComments() {
    const before = this.comments;
    this.comments = commentsOf(this.desk, this.router, { author: this.id });
    before.close();
    before.element.replaceWith(this.comments.element);
  }

  record() {
    const { author_record: record, comment_count: count } = this.person;
    const facts = [...RECORD.map((name) => [t(`record.label.${name}`), number(record[name])]), [t("record.comments"), number(count)], [t("record.first_seen"), date(record.first_seen)]];
    return h("section", {}, h("h2", {}, t("record.title")), h("dl", { class: "pairs" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
  }

  ban() {
    const { author, author_record: record, removal } = this.person;
    const { ban } = record;
    const wrong = h("p", { class: "wrong", role: "alert" });
    const act = (/** @type {() => Promise<any>} */ work) => async () => {
      try {
        await work();
        await this.load();
      } catch (problem) {
        wrong.textContent = problemWords(problem);
      }
    };
    const running = ban && h("p", {}, ban.until === null ? t("ban.running_good") : t("ban.running", { date: date(ban.until) }), " · ", h("bdi", {}, ban.reason));
    const lift = button(t("ban.lift"), act(() => takeBackBan(this.desk, { author_id: author.id }, false)), { class: "secondary" });
    const banned = (/** @type {any} */ made) => {
      const back = act(() => takeBackBan(this.desk, made, made.removal !== null));
      this.desk.undo.add(t("ban.done", { name: author.name }), back);
      this.load();
    };
    const start = button(t("action.ban"), () => askBan(this.desk, author, record, banned), { class: "secondary grave" });
    return h("section", {}, h("h2", {}, t("author.ban")), running || h("p", { class: "quiet" }, t("author.not_banned")), this.removal(removal, act), wrong, ban ? lift : start);
  }

  /** How far the removal of their comments is; looked at again while it runs. @param {any} removal @param {(work: () => Promise<any>) => () => Promise<void>} act */
  removal(removal, act) {
    if (!removal || removal.state === "undone") return null;
    const { id, state, done, total } = removal;
    if (state === "running" || state === "undoing") this.timer = setTimeout(() => this.load(), AGAIN);
    const words = { running: () => t("ban.removal", { done, total }), undoing: () => t("ban.undoing", { done, total }), done: () => t("ban.removed", { n: done }) };
    const back = button(t("ban.undo_removal"), act(() => this.desk.api.send("POST", `/moderation/removals/${id}/undo`)), { class: "plain" });
    return h("p", {}, words[/** @type {"done"} */ (state)](), " ", state === "undoing" ? null : back);
  }

  notes() {
    const { notes } = this.person;
    const text = h("textarea", { rows: "2", maxlength: "2000", required: true });
    const send = async () => {
      await this.desk.api.send("POST", `${this.url}/notes`, { text: text.value });
      await this.load();
    };
    const lines = notes.map((/** @type {any} */ note) => h("li", {}, h("p", { class: "note-text", dir: "auto" }, note.text), h("span", { class: "quiet" }, bdi(note.moderator.name), " · ", age(note.created_at))));
    return h("section", {}, h("h2", {}, t("author.notes")), notes.length ? h("ul", { class: "lines", role: "list" }, lines) : h("p", { class: "quiet" }, t("author.no_notes")), smallForm(t("author.add_note"), send, field(t("author.note"), text)));
  }

  network() {
    const { authors } = this.person.same_network;
    const lines = authors.map((/** @type {any} */ { author, last_seen: seen }) => h("li", {}, nameLink(this.desk, author), badges(author, null), h("span", { class: "quiet" }, t("author.last_seen", { date: date(seen) }))));
    return h("section", {}, h("h2", {}, t("author.network")), lines.length ? h("ul", { class: "lines", role: "list" }, lines) : h("p", { class: "quiet" }, t("author.no_network")));
  }

  powers() {
    const role = h("select", {}, ROLES.map((name) => h("option", { value: name, selected: name === this.person.roles.at(-1) }, t(`author.role.${name}`))));
    const give = async () => {
      await this.desk.api.send("PUT", `${this.url}/roles`, { role: role.value });
      await this.load();
    };
    const said = h("p", { class: "quiet", role: "status" });
    const revoke = async () => {
      await this.desk.api.send("POST", `${this.url}/revoke`, undefined, { keepalive: true });
      said.textContent = t("author.revoked");
    };
    const start = async () => this.desk.later(t("author.revoking", { name: this.person.author.name }), revoke);
    return h("section", {}, h("h2", {}, t("author.powers")), smallForm(t("app.save"), give, field(t("author.role"), role)), smallForm(t("author.revoke"), start), said);
  }
}
