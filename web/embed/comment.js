// @ts-check
// One comment as readers see it, with the list of its replies. What is done with it is in actions.js.

/** @typedef {{id: string, article_id: string, parent_id: string | null, root_id: string, depth: number,
 *   author: null | {id: string, name: string, avatar_url: string | null, roles: string[], labels: string[], guest: boolean},
 *   html: string | null, status: string, featured: boolean, created_at: string, edited_at: string | null,
 *   votes: {up: number, down: number, score: number}, reply_count: number, descendant_count: number}} Comment */

const TONES = 12; // colours of initials
const STEPS = 3; // replies step in so often; below, a line says whom they answer
const policy = window.trustedTypes?.createPolicy("discuss", { createHTML: (html) => html });

/**
 * An element with a class, attributes and children; texts stay texts.
 * @param {string} tag @param {Record<string, any>} [attributes] `on…` are listeners @param {...(Node | string | null)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** What the service rendered and sanitised, as nodes; the only way HTML comes into the section. @param {string} html */
export function rendered(html) {
  const template = document.createElement("template");
  template.innerHTML = /** @type {string} */ (policy ? policy.createHTML(html) : html);
  return template.content;
}

/** A comment in the section. */
export class CommentView {
  /** @param {import("./thread.js").Thread} thread @param {Comment} comment @param {CommentView | null} parent */
  constructor(thread, comment, parent) {
    this.thread = thread;
    this.parent = parent;
    this.step = parent ? parent.step + 1 : 0;
    this.article = h("article", { part: "comment", tabindex: "-1", "aria-labelledby": `by-${comment.id}` });
    this.list = h("ol", { class: "replies", role: "list" });
    this.rail = h("button", { class: "rail", type: "button", onclick: () => this.collapse(!this.collapsed) });
    this.more = h("button", { class: "more", type: "button", hidden: true, onclick: () => thread.loadReplies(this) });
    this.folded = h("button", { class: "more", type: "button", hidden: true, onclick: () => this.collapse(false) });
    this.branch = h("div", { class: "branch", hidden: true }, this.rail, this.list, this.more);
    this.element = h("li", { class: "comment", id: `c-${comment.id}` }, this.article, this.folded, this.branch);
    this.element.toggleAttribute("data-flat", this.step > STEPS);
    this.collapsed = false;
    this.notes = h("div", { class: "notes" });
    this.update(comment);
  }

  /** Show the comment as it is now; a tombstone when it has no words. @param {Comment} comment */
  update(comment) {
    this.comment = comment;
    this.article.toggleAttribute("data-gone", comment.html === null);
    this.article.toggleAttribute("data-featured", comment.featured);
    this.article.replaceChildren(...(comment.html === null ? [this.tombstone()] : this.parts()));
    this.countReplies();
  }

  tombstone() {
    const words = this.thread.words;
    return h("p", { class: "tombstone", id: `by-${this.comment.id}` }, words.t(`tombstone.${this.comment.status}`));
  }

  parts() {
    const { comment, thread } = this;
    this.body = h("div", { class: "body", part: "text", dir: "auto" });
    this.body.append(rendered(/** @type {string} */ (comment.html)));
    this.actions = h("div", { class: "actions", part: "actions" }, ...this.buttons());
    const to = this.step > STEPS && this.parent ? this.inReplyTo(this.parent) : null;
    const parts = [this.byline(), to, this.body, this.notes, this.actions];
    thread.emit("rendered", this);
    return parts.filter((part) => part !== null);
  }

  byline() {
    const { comment, thread } = this;
    const author = /** @type {NonNullable<Comment["author"]>} */ (comment.author);
    const link = h("a", { class: "time", part: "time", href: `#comment-${comment.id}` }, thread.times.element(comment.created_at));
    const edited = comment.edited_at ? h("span", { class: "edited" }, thread.words.t("comment.edited")) : null;
    return h(
      "header",
      { class: "by", id: `by-${comment.id}` },
      avatar(author),
      h("bdi", { class: "name", part: "author" }, author.name),
      ...this.badges(author).map((text) => h("span", { class: "badge", dir: "auto" }, text)),
      link,
      edited,
    );
  }

  /** @param {NonNullable<Comment["author"]>} author */
  badges(author) {
    const words = this.thread.words;
    const role = ["admin", "moderator", "staff"].find((name) => author.roles.includes(name));
    return [
      this.comment.featured && words.t("badge.featured"),
      role && words.t(`badge.${role === "admin" ? "moderator" : role}`),
      author.guest && words.t("badge.guest"),
      ...author.labels,
    ].filter(Boolean);
  }

  /** @param {CommentView} parent */
  inReplyTo(parent) {
    const name = parent.comment.author?.name ?? this.thread.words.t("comment.somebody");
    const onclick = () => this.thread.focus(parent.comment.id);
    return h("button", { class: "to", type: "button", onclick }, this.thread.words.t("comment.in_reply_to", { name }));
  }

  /** The row under the words; a click is answered by actions.js, loaded when first needed. */
  buttons() {
    const { comment, thread } = this;
    const words = thread.words;
    const vote = (name, sign, n) =>
      h("button", { type: "button", "data-action": name, "aria-pressed": "false", "aria-label": words.t(`action.${name}`, { n }) }, sign, " ", h("span", {}, words.numbers.format(n)));
    return [
      vote("up", "▲", comment.votes.up),
      vote("down", "▼", comment.votes.down),
      h("button", { type: "button", "data-action": "reply" }, words.t("action.reply")),
      h("button", { type: "button", "data-action": "menu", "aria-haspopup": "menu", "aria-label": words.t("action.more") }, "⋯"),
    ];
  }

  /** Put a reply where it stands among its siblings: oldest first. @param {CommentView} reply */
  place(reply) {
    const later = [...this.list.children].find((other) => other.id > reply.element.id);
    this.list.insertBefore(reply.element, later ?? null);
    this.branch.hidden = false;
    this.countReplies();
  }

  /** @param {boolean} collapsed */
  collapse(collapsed) {
    this.collapsed = collapsed;
    this.branch.hidden = collapsed;
    this.folded.hidden = !collapsed;
    this.countReplies();
    (collapsed ? this.folded : this.rail).focus();
  }

  /** How many replies there are, where they are folded away or not shown yet. */
  countReplies() {
    const words = this.thread.words;
    const n = this.comment.descendant_count;
    this.rail.setAttribute("aria-expanded", String(!this.collapsed));
    this.rail.setAttribute("aria-label", words.t("branch.collapse", { n }));
    this.folded.textContent = words.t("branch.folded", { n });
    this.more.hidden = !this.rest;
    this.more.textContent = words.t("branch.more", { n: Math.max(1, n - this.shownBelow()) });
    if (this.rest) this.branch.hidden = this.collapsed;
  }

  /** Published replies shown below, at any depth. */
  shownBelow() {
    return this.list.querySelectorAll("article:not([data-gone])").length;
  }

  /** Where this root's replies go on, null at their end. @param {string | null} cursor */
  set next(cursor) {
    this.cursor = cursor;
    this.rest = cursor !== null;
    this.countReplies();
  }
}

/** A picture, or initials on a colour of the author's own. @param {NonNullable<Comment["author"]>} author */
function avatar(author) {
  if (author.avatar_url)
    return h("img", { class: "avatar", src: author.avatar_url, alt: "", width: "32", height: "32", loading: "lazy", referrerpolicy: "no-referrer" });
  const tone = [...author.id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7) % TONES;
  const initials = author.name.split(/\s+/).map((word) => [...word][0] ?? "").slice(0, 2).join("").toUpperCase();
  return h("span", { class: `avatar tone-${tone}`, "aria-hidden": "true" }, initials);
}
