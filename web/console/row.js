// @ts-check
// A comment in a list: why it is here, its words, who wrote it and where, and what became of it.

import { bdi, button, h, rendered } from "./h.js";
import { path } from "./router.js";
import { age } from "./times.js";
import { named, t, whyWords } from "./words.js";

/** One comment of a list. */
export class Row {
  /**
   * @param {import("./desk.js").Desk} desk @param {any} item
   * @param {{choose: (row: Row) => void, changed: (row: Row) => void, picked: (row: Row, range: boolean) => void}} list
   */
  constructor(desk, item, list) {
    this.desk = desk;
    this.list = list;
    this.open = true; // to be decided
    this.over = false; // decided for good: nothing can be taken back any more
    this.wide = false;
    /** @type {() => string} */
    this.overtaken = () => "";
    this.note = "";
    this.box = h("input", { type: "checkbox", "aria-label": t("row.select"), onclick: (/** @type {MouseEvent} */ event) => list.picked(this, event.shiftKey) });
    this.state = h("div", { class: "state", role: "group" });
    this.main = h("div", { class: "main" });
    this.more = button("⌄", () => this.unfold(), { class: "unfold", "aria-label": t("row.unfold"), "aria-expanded": "false", hidden: true });
    this.element = h("li", { class: "row", tabindex: "0", id: `row-${item.id}` }, h("div", { class: "handles" }, h("label", { class: "box" }, this.box), this.more), this.main, this.state);
    this.element.addEventListener("click", (/** @type {MouseEvent} */ event) => this.pressed(event));
    this.update(item);
  }

  /** The service does not know yet that it was decided: it is the same row in another list. @param {Row["list"]} list */
  moveTo(list) {
    this.list = list;
    this.element.removeAttribute("aria-current");
    return this;
  }

  get selected() {
    return this.box.checked;
  }

  set selected(selected) {
    this.box.checked = selected;
    this.element.toggleAttribute("data-selected", selected);
  }

  /** @param {MouseEvent} event */
  pressed(event) {
    const target = /** @type {Element} */ (event.target);
    if (!target.closest("a, button, label, summary") && !getSelection()?.toString()) this.list.choose(this);
  }

  /** Show the comment as it is now. @param {any} item */
  update(item) {
    this.item = item;
    const { author_record: record, article, author } = item;
    const place = path(this.desk.site, "articles", article.id);
    this.text = h("div", { class: "words", dir: "auto" });
    this.text.append(rendered(item.html));
    this.unfold(this.wide);
    this.main.replaceChildren(
      h("div", { class: "top-line" }, h("p", { class: "why" }, whyWords(item).map((word) => h("span", { "data-strong": word.strong }, word.text))), age(item.created_at)),
      h("p", { class: "by" }, h("strong", {}, bdi(author.name)), author.guest && h("span", { class: "badge" }, t("badge.guest")), record.ban && h("span", { class: "badge bad" }, t("badge.banned")), h("span", {}, recordWords(record))),
      this.text,
      h("p", { class: "where" }, h("a", { href: place, dir: "auto" }, article.title ?? article.id), article.section && h("span", { dir: "auto" }, article.section)),
    );
    this.list.changed(this);
  }

  /** Show all of its words, in place, or three lines. @param {boolean} [wide] */
  unfold(wide = !this.wide) {
    this.wide = wide;
    this.text.toggleAttribute("data-wide", wide);
    this.more.setAttribute("aria-expanded", String(wide));
  }

  /** It came into sight: whether there are more words than three lines hold can be seen now. */
  measure() {
    if (!this.wide) this.more.hidden = this.text.scrollHeight <= this.text.clientHeight + 1;
  }

  /**
   * It was decided: it fades where it is.
   * @param {string} words what was decided @param {(() => void) | null} takeBack @param {() => string} [overtaken] called
   * when somebody else decides first, says what is lost by that
   */
  settle(words, takeBack, overtaken = () => "") {
    this.open = false;
    this.over = !takeBack;
    this.selected = false;
    this.note = words;
    this.overtaken = overtaken;
    this.takeBack = takeBack;
    this.element.setAttribute("data-decided", "");
    this.state.replaceChildren(h("span", {}, words), takeBack ? button(t("undo.undo"), takeBack, { class: "undo" }) : "");
    this.list.changed(this);
  }

  /** It can no longer be taken back. The row keeps its place and height: lists don't jump. */
  stand() {
    this.over = true;
    this.takeBack = null;
    const undo = this.state.querySelector(".undo");
    if (undo) undo.hidden = true;
  }

  /** It is to be decided again. @param {any} [item] @param {string} [note] why */
  revive(item = this.item, note = "") {
    this.open = true;
    this.over = false;
    this.takeBack = null;
    this.overtaken = () => "";
    this.note = note;
    this.element.removeAttribute("data-decided");
    this.state.replaceChildren(note ? h("span", { class: "wrong" }, note) : "");
    this.update(item);
  }

  /** @param {Record<string, any>} changes */
  renew(changes) {
    this.update({ ...this.item, ...changes });
  }

  /** Somebody else decided. @param {string} words */
  decidedBy(words) {
    const lost = this.overtaken();
    this.settle(lost ? `${words} · ${lost}` : words, null);
  }

  /** A decision met something else than was looked at: show how things are, and why. @param {string} result @param {string} action */
  async lookAgain(result, action) {
    if (result === "not_found") return this.settle(t("note.not_found"), null);
    try {
      const now = await this.desk.api.moderation(`/comments/${this.item.id}`);
      const [last] = now.decisions;
      if (now.status !== this.item.status && last) {
        this.item = now;
        this.settle(`${decisionWords(last)} · ${t(`lost.${action}`)}`, null);
        this.desk.say(this.note);
      } else if (now.version !== this.item.version) this.revive(now, t("note.edited"));
      else this.revive(now, t(action === "approve" || action === "uphold" || action === "restore" ? "note.own_removal" : "note.conflict"));
    } catch {
      this.revive(undefined, t("note.conflict"));
    }
  }
}

/** Who decided what: "Max removed it · Abuse". @param {any} decision */
export function decisionWords(decision) {
  const { action, moderator, check, reason } = decision;
  const who = moderator?.name ?? (action === "delete" ? t("who.author") : check ? t("who.rule") : t("who.nobody"));
  const done = t("decision.words", { who, done: named("past", action) });
  const why = reason ? named("reason", reason) : check ? named("check", check) : "";
  return why ? `${done} · ${why}` : done;
}

/** @param {any} record */
export function recordWords(record) {
  const said = [t("record.approved", { n: record.approved })];
  if (record.removed) said.push(t("record.removed", { n: record.removed }));
  if (record.flags_upheld) said.push(t("record.flags_upheld", { n: record.flags_upheld }));
  if (record.approved + record.removed) return said.join(" · ");
  return t(record.pending > 1 ? "record.none" : "record.new");
}
