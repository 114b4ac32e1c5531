// @ts-check
// One comment with everything it is judged by, and the decisions about it.

import { bars } from "./charts.js";
import { KEYS, label, offered } from "./decisions.js";
import { changed } from "./diff.js";
import { bdi, button, h, keycap, rendered } from "./h.js";
import { decisionWords, recordWords } from "./row.js";
import { path } from "./router.js";
import { age, moment } from "./times.js";
import { named, t, whyWords } from "./words.js";

/** The comment that is looked at. */
export class ItemView {
  /**
   * @param {import("./desk.js").Desk} desk
   * @param {{decide: (action: string) => void, back: () => void}} moderator
   */
  constructor(desk, moderator) {
    this.desk = desk;
    this.moderator = moderator;
    this.body = h("div", { class: "body" });
    this.bar = h("div", { class: "decisions", role: "group", "aria-label": t("item.decisions") });
    this.element = h("section", { class: "item", "aria-labelledby": "item-title", tabindex: "-1" }, this.body, this.bar);
    this.empty();
  }

  /** @param {string} [words] */
  empty(words = t("queue.choose")) {
    this.id = "";
    this.element.toggleAttribute("data-empty", true);
    this.body.replaceChildren(h("p", { class: "nothing", id: "item-title" }, words));
    this.setBar("", []);
  }

  /**
   * Show a comment with what is known at once. `fill` adds the rest when it comes.
   * @param {any} item @param {{note: string, open: boolean, takeBack: (() => void) | null}} standing
   */
  show(item, standing) {
    const again = this.id === item.id;
    this.id = item.id;
    this.element.toggleAttribute("data-empty", false);
    this.to = h("p", { class: "quiet", hidden: item.parent_id === null }, "\u00a0");
    this.voices = voices(item, null);
    this.detail = h("div", { class: "detail" });
    this.reasons = h("ul", { class: "reasons" }, whyWords(item).map(({ text, strong }) => h("li", { "data-strong": strong }, text)));
    this.body.replaceChildren(...this.head(item, standing), this.words(item), this.voices, this.author(item), this.detail);
    this.setBar(standing.open ? offered(item).map((action) => label(action, item)).join() : "", this.buttons(item, standing));
    if (!again) this.body.scrollTop = 0;
  }

  /** Add what is around the comment that is shown, and what was said and decided about it. @param {any} item @param {any} detail */
  fill(item, detail) {
    const parent = detail.ancestors.at(-1);
    if (parent) this.to.textContent = t("item.reply_to", { name: parent.author.name });
    if (detail.statements) this.voices.replaceWith((this.voices = voices(item, detail.statements)));
    const judged = ["removed", "spam"].includes(item.status);
    if (judged) this.explain(item, detail.decisions);
    const parts = [context(detail), history(detail)];
    this.detail.replaceChildren(...(judged ? parts.reverse() : parts));
    for (const words of this.detail.querySelectorAll(".context .words")) offerAll(words);
  }

  /** Why it is out of sight, and who may not decide that it stays so. @param {any} item @param {any[]} decisions newest first */
  explain(item, decisions) {
    const last = decisions.find(({ to, from }) => to === item.status && from !== to);
    if (!last) return;
    const words = h("li", { class: "judged" }, decisionWords(last), last.note && [" ", h("q", { dir: "auto" }, last.note)]);
    if (item.why.length) this.reasons.append(words);
    else this.reasons.replaceChildren(words); // instead of its status
    if (item.why.includes("appeal") && last.moderator?.id === this.desk.me.author.id) this.reasons.after(h("p", { class: "standing" }, t("item.own_removal")));
  }

  /** The buttons; those that stay the same are left alone, with the focus and the press they have. @param {string} names @param {HTMLElement[]} buttons */
  setBar(names, buttons) {
    if (names && names === this.names) return;
    const focused = this.bar.contains(document.activeElement) ? document.activeElement?.getAttribute("data-action") : undefined;
    this.names = names;
    this.bar.replaceChildren(...buttons);
    if (focused === undefined) return;
    const same = focused && this.bar.querySelector(`[data-action="${focused}"]`);
    /** @type {HTMLElement} */ (same || this.bar.querySelector("button") || this.element).focus();
  }

  /** @param {any} item @param {{note: string, open: boolean, takeBack: (() => void) | null}} standing */
  head(item, standing) {
    const { article } = item;
    const title = h("a", { href: path(this.desk.site, "articles", article.id), dir: "auto" }, article.title ?? article.id);
    const back = button("‹", this.moderator.back, { class: "back", "aria-label": t("item.back") });
    const undo = standing.takeBack && button(t("undo.undo"), standing.takeBack, { class: "undo" });
    return [
      h("header", {}, back, h("h2", { id: "item-title" }, h("span", { class: "spoken" }, `${t("item.this")}: `), bdi(item.author.name)), h("p", { class: "where" }, title, article.section && h("span", { dir: "auto" }, article.section))),
      ...(standing.note ? [h("p", { class: standing.open ? "standing wrong" : "standing", role: "status" }, standing.note, undo)] : []),
      this.reasons,
    ];
  }

  /** Its words; an edit that waits stands beside the published ones. @param {any} item */
  words(item) {
    const words = h("div", { class: "text", dir: "auto" });
    words.append(rendered(item.html));
    const facts = h(
      "p",
      { class: "facts" },
      h("span", {}, named("status", item.status)),
      age(item.created_at),
      item.edited_at && h("span", { title: moment(item.edited_at) }, t("item.edited")),
      h("span", {}, t("item.votes", { up: item.votes.up, down: item.votes.down })),
      item.article.url && item.status === "published" && h("a", { href: `${item.article.url}#comment-${item.id}`, target: "_blank", rel: "noopener" }, t("item.read")),
    );
    if (!item.pending_revision) return h("div", { class: "said" }, this.to, words, facts);
    const waiting = h("div", { class: "text" }, changed(item.text, item.pending_revision.text));
    const sides = h("div", { class: "sides" }, h("div", {}, h("h3", {}, t("item.published_words")), words), h("div", {}, h("h3", {}, t("item.waiting_words"), " ", age(item.pending_revision.created_at)), waiting));
    return h("div", { class: "said" }, this.to, sides, facts);
  }

  /** @param {any} item */
  author(item) {
    const { author, author_record: record } = item;
    return h(
      "p",
      { class: "person" },
      h("a", { href: path(this.desk.site, "authors", author.id) }, bdi(author.name)),
      author.guest && h("span", { class: "badge" }, t("badge.guest")),
      author.roles.map((/** @type {string} */ role) => h("span", { class: "badge" }, named("badge", role))),
      record.ban && h("span", { class: "badge bad" }, t("badge.banned")),
      h("span", {}, recordWords(record)),
      h("a", { href: path(this.desk.site, "queue", "", { queue: "all", author: author.id }) }, t("item.more_by", { name: author.name })),
    );
  }

  /** @param {any} item @param {{open: boolean, takeBack: (() => void) | null}} standing */
  buttons(item, standing) {
    if (!standing.open) return standing.takeBack ? [button([t("undo.undo"), keycap("z")], standing.takeBack, { class: "undo" })] : [];
    return offered(item).map((action) => {
      const decide = (/** @type {MouseEvent} */ event) => event.detail > 1 || this.moderator.decide(action); // a double press decides once
      return button([label(action, item), keycap(KEYS[/** @type {"ban"} */ (action)])], decide, { "data-action": action, class: kind(action) });
    });
  }
}

/** @param {string} action */
function kind(action) {
  if (["approve", "restore"].includes(action)) return "good";
  return ["remove", "spam", "uphold", "reject_edit"].includes(action) ? "grave" : "plain";
}

/** What its author and readers tell moderators. @param {any} item @param {any} statements of /statements, where there are some */
function voices(item, statements) {
  const { flags } = item;
  const { appeals = [], notices = [] } = statements ?? {};
  const said = notices.map((/** @type {any} */ { explanation }) => explanation);
  const notes = flags.notes.filter((/** @type {string} */ note) => !said.includes(note));
  const parts = [
    appeals.map((/** @type {any} */ appeal) => [h("h3", {}, t(`item.appeal.${appeal.state}`), " ", age(appeal.created_at)), h("blockquote", { dir: "auto" }, appeal.text)]),
    notices.map(notice),
    flags.total ? [h("h3", {}, t("item.flags")), bars(flags.by_reason, "reason"), h("ul", { class: "notes", role: "list" }, notes.map((/** @type {string} */ note) => h("li", { dir: "auto" }, note)))] : [],
  ].flat(2);
  return h("div", { class: "voices", hidden: !parts.length }, parts);
}

/** A notice that the comment is illegal, with who says so. @param {any} notice */
function notice({ explanation, legal_ground: ground, name, contact, created_at: at }) {
  const who = [ground, name, contact].filter(Boolean).map((one) => h("bdi", {}, one));
  return [h("h3", { "data-strong": true }, t("why.illegal"), " ", age(at)), h("blockquote", { dir: "auto" }, explanation), h("p", { class: "facts" }, who)];
}

/** The comment among those around it. @param {any} detail */
function context(detail) {
  const { ancestors, neighbours } = detail;
  if (!ancestors.length && !neighbours.length) return "";
  const before = neighbours.filter((/** @type {any} */ other) => other.created_at < detail.created_at);
  const after = neighbours.filter((/** @type {any} */ other) => other.created_at >= detail.created_at);
  const depth = ancestors.length;
  return h(
    "section",
    { class: "context" },
    h("h3", {}, t("item.context")),
    h("ol", { role: "list" }, ancestors.map((/** @type {any} */ other, /** @type {number} */ at) => around(other, at)), before.map((/** @type {any} */ other) => around(other, depth)), h("li", { class: "here", "data-step": step(depth), "aria-current": "true" }, t("item.this")), after.map((/** @type {any} */ other) => around(other, depth))),
  );
}

/** @param {number} depth */
function step(depth) {
  return Math.min(depth, 4);
}

/** A button for all of the words, where three lines are not all. @param {Element} words */
function offerAll(words) {
  if (words.scrollHeight <= words.clientHeight + 1) return;
  const open = () => {
    words.toggleAttribute("data-wide", true);
    words.setAttribute("tabindex", "-1");
    /** @type {HTMLElement} */ (words).focus(); // the button goes, the place stays
    more.remove();
  };
  const more = button(t("item.show_all"), open, { class: "plain more-words" });
  words.after(more);
}

/** @param {any} comment @param {number} depth */
function around(comment, depth) {
  const words = h("div", { class: "text words", dir: "auto" });
  words.append(rendered(comment.html));
  const status = comment.status === "published" ? null : h("span", { class: "badge" }, named("status", comment.status));
  return h("li", { "data-step": step(depth) }, h("p", { class: "by" }, h("strong", {}, bdi(comment.author.name)), status, age(comment.created_at)), words);
}

/** What it said before, and what was decided. @param {any} detail */
function history(detail) {
  const { revisions, decisions } = detail;
  if (revisions.length < 2 && !decisions.length) return "";
  return h(
    "section",
    { class: "history" },
    h("h3", {}, t("item.history")),
    h("ul", { role: "list" }, decisions.map((/** @type {any} */ decision) => h("li", {}, h("span", {}, decisionWords(decision)), age(decision.created_at), decision.note && h("q", { dir: "auto" }, decision.note)))),
    revisions.length > 1 && h("details", {}, h("summary", {}, t("item.revisions", { n: revisions.length })), wordings(revisions)),
  );
}

/** Each wording against the one before it, newest first. @param {any[]} revisions */
function wordings(revisions) {
  const list = revisions.map((revision, at) => {
    const words = at ? changed(revisions[at - 1].text, revision.text) : h("div", { class: "diff", dir: "auto" }, revision.text);
    return h("li", {}, h("p", { class: "quiet" }, t("item.revision", { n: revision.version }), " · ", age(revision.created_at)), words);
  });
  return h("ol", { class: "wordings", role: "list" }, list.reverse());
}
