// @ts-check
// One comment as readers see it, with the list of its replies. What is done with it is in actions.js.

/** @typedef {{id: string, article_id: string, parent_id: string | null, root_id: string, depth: number,
 *   author: null | {id: string, name: string, avatar_url: string | null, roles: string[], labels: string[], guest: boolean},
 *   html: string | null, status: string, featured: boolean, created_at: string, edited_at: string | null,
 *   votes: {up: number, down: number, score: number}, reply_count: number, descendant_count: number}} Comment */
/** @typedef {NonNullable<Comment["author"]>} Author */

const TONES = 12; // colours of initials
const STEPS = 3; // replies step in so often; those below stand in one list and say whom they answer
const LONG = 2_500; // characters of a comment that is cut short until somebody reads on
const LINE = 60; // characters that a line or paragraph takes the place of
const SHORT = 10; // characters of a name that fit in any script
const STACKED = /\p{M}{4}/u; // marks that reach into the lines around
const DEEPEST = 8; // of the tree, as the service keeps it: below, a reply stands beside its parent
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
    /** @type {CommentView | null} in whose list it stands */
    this.host = parent && parent.step >= STEPS ? parent.host : parent;
    this.path = pathOf(comment, parent);
    /** @type {CommentView[]} what stands in its list, in reading order */
    this.replies = [];
    this.collapsed = false;
    this.rest = false; // whether the service has more replies than were loaded
    this.article = h("article", { part: "comment", tabindex: "-1", "aria-labelledby": `by-${comment.id}` });
    this.notes = h("div", { class: "notes" });
    this.element = h("li", { class: "comment", id: `c-${comment.id}` }, this.article);
    this.update(comment);
  }

  /** Show the comment as it is now, in place; a tombstone when it has no words. @param {Comment} comment */
  update(comment) {
    const before = this.comment;
    this.comment = comment;
    this.article.toggleAttribute("data-gone", comment.html === null);
    this.article.toggleAttribute("data-featured", comment.featured);
    if (comment.html === null && before?.html === null) this.article.firstElementChild?.replaceWith(this.tombstone());
    else if (comment.html === null) this.article.replaceChildren(this.tombstone(), this.notes);
    else if (before?.html) this.refresh(before);
    else {
      this.article.replaceChildren(...this.parts());
      this.showBody();
    }
    this.showBranch();
    this.thread.emit("rendered", this);
  }

  tombstone() {
    return h("p", { class: "tombstone", id: `by-${this.comment.id}` }, this.thread.t(`tombstone.${this.comment.status}`));
  }

  parts() {
    this.by = this.byline();
    this.body = h("div", { class: "body", part: "text", dir: "auto" });
    this.actions = h("div", { class: "actions", part: "actions" }, ...this.buttons());
    this.showVotes();
    return [this.by, ...this.inReplyTo(), this.body, this.actions, this.notes];
  }

  /** The words; of very many, the first ones. */
  showBody() {
    const { body } = this;
    const html = /** @type {string} */ (this.comment.html);
    body.replaceChildren(rendered(html));
    const long = !this.whole && html.length > LONG && body.textContent.length + LINE * body.querySelectorAll("p, br, li, pre").length > LONG;
    body.toggleAttribute("data-long", long);
    body.toggleAttribute("data-clip", long || STACKED.test(html)); // not always: each box that clips slows all that is typed
    this.cut?.remove();
    if (long) this.actions.before((this.cut = h("button", { class: "more", type: "button", onclick: () => this.readOn() }, this.thread.t("comment.read_on"))));
  }

  readOn() {
    this.whole = true;
    this.cut.remove();
    this.body.removeAttribute("data-long");
    this.article.focus({ preventScroll: true });
  }

  /** Change only what differs: focus, selection and open menus stay. @param {Comment} before */
  refresh(before) {
    const { comment } = this;
    const head = (one) => JSON.stringify([one.author, one.featured, one.edited_at]);
    if (head(comment) !== head(before)) {
      const by = this.byline();
      this.by?.replaceWith(by);
      this.by = by;
    }
    if (comment.html !== before.html) this.showBody();
    this.showVotes();
  }

  byline() {
    const { comment, thread } = this;
    const author = /** @type {Author} */ (comment.author);
    return h(
      "header",
      { class: "by", id: `by-${comment.id}` },
      avatar(author),
      h("bdi", { class: "name", part: "author", title: author.name, "data-clip": author.name.length > SHORT || STACKED.test(author.name) }, author.name),
      ...this.badges(author).map((text) => h("span", { class: "badge", dir: "auto" }, text)),
      h("a", { class: "time", part: "time", href: `#comment-${comment.id}` }, thread.times.element(comment.created_at)),
      comment.edited_at ? h("span", { class: "edited" }, thread.t("comment.edited")) : null,
    );
  }

  /** @param {Author} author @returns {string[]} */
  badges(author) {
    const { t } = this.thread;
    const role = ["admin", "moderator", "staff"].find((name) => author.roles.includes(name));
    const badges = [...author.labels];
    if (author.guest) badges.unshift(t("badge.guest"));
    if (role) badges.unshift(t(role === "staff" ? "badge.staff" : "badge.moderator"));
    if (this.comment.featured) badges.unshift(t("badge.featured"));
    return badges;
  }

  /** Where lists step in no more, a line says whom it answers, and leads there. */
  inReplyTo() {
    const { parent, thread } = this;
    if (!parent || this.step <= STEPS) return [];
    const name = parent.comment.author?.name ?? thread.t("comment.somebody");
    const onclick = () => thread.focus(parent.comment.id);
    return [h("button", { class: "to", type: "button", onclick }, thread.t("comment.in_reply_to", { name }))];
  }

  /** The row under the words; a click is answered by actions.js, loaded when first needed. */
  buttons() {
    const { t } = this.thread;
    const vote = (name) => h("button", { type: "button", "data-action": name, "aria-pressed": "false" }, h("span", { class: "mark" }));
    this.up = vote("up");
    this.down = vote("down");
    this.ups = h("span", { class: "votes" });
    this.up.append(this.ups);
    return [
      this.up,
      this.down,
      h("button", { type: "button", "data-action": "reply" }, t("action.reply")),
      h("button", { type: "button", "data-action": "menu", "aria-haspopup": "menu", "aria-label": t("action.more") }, "···"),
    ];
  }

  showVotes() {
    const { up, down } = this.comment.votes;
    const { t, words } = this.thread;
    /** @type {HTMLElement} */ (this.ups).textContent = up ? words.number(up) : "";
    this.up?.setAttribute("aria-label", t("action.up", { n: up }));
    this.down?.setAttribute("aria-label", t("action.down", { n: down }));
  }

  /** While its change is on the way. @param {boolean} [busy] */
  setBusy(busy = true) {
    this.article.setAttribute("aria-busy", String(busy));
  }

  /** Put a reply where it stands in reading order: after what it answers, siblings oldest first. @param {CommentView} reply */
  place(reply) {
    this.makeBranch();
    const at = this.replies.findLastIndex((other) => other.path < reply.path) + 1;
    this.list.insertBefore(reply.element, this.replies[at]?.element ?? null);
    this.replies.splice(at, 0, reply);
    for (let above = /** @type {CommentView | null} */ (this); above; above = above.host) above.showBranch();
  }

  /** @param {CommentView} reply that was taken out */
  forget(reply) {
    this.replies = this.replies.filter((other) => other !== reply);
    this.showBranch();
  }

  /** @param {boolean} collapsed */
  collapse(collapsed) {
    this.collapsed = collapsed;
    this.showBranch();
  }

  /** What pressing the hairline, or the line in place of the branch, does. @param {boolean} collapsed */
  fold(collapsed) {
    this.collapse(collapsed);
    (collapsed ? this.folded : this.rail).focus();
  }

  /** How many published comments stand below it here. */
  get shown() {
    return this.list?.querySelectorAll("article:not([data-gone])").length ?? 0;
  }

  /** Where replies stand; most comments never have one. */
  makeBranch() {
    if (this.branch) return;
    this.list = h("ol", { class: "replies", role: "list" });
    this.rail = h("button", { class: "rail", type: "button", onclick: () => this.fold(true) });
    this.more = h("button", { class: "more", type: "button", onclick: () => this.thread.loadReplies(this) });
    this.folded = h("button", { class: "more", type: "button", onclick: () => this.fold(false) });
    this.branch = h("div", { class: "branch" }, this.rail, this.list, this.more);
    this.element.append(this.folded, this.branch);
  }

  /** The replies, or the line that says how many are folded away. */
  showBranch() {
    const some = this.replies.length > 0 || this.rest;
    if (some) this.makeBranch();
    if (!this.branch) return;
    const { t } = this.thread;
    const { shown } = this;
    const n = Math.max(this.comment.descendant_count, shown);
    this.branch.hidden = !some || this.collapsed;
    this.folded.hidden = !some || !this.collapsed;
    this.more.hidden = !this.rest;
    this.rail.setAttribute("aria-expanded", String(!this.collapsed));
    this.rail.setAttribute("aria-label", t("branch.collapse", { n }));
    this.folded.textContent = t("branch.folded", { n });
    this.more.textContent = t("branch.more", { n: Math.max(1, n - shown) });
  }

  /** Where a root's replies go on: "" from the beginning, null at their end. @param {string | null} cursor */
  set next(cursor) {
    this.cursor = cursor;
    this.rest = cursor !== null;
    this.showBranch();
  }
}

/** What replies are ordered by: the ids from the root down, as the service orders them. @param {Comment} comment @param {CommentView | null} parent */
function pathOf(comment, parent) {
  if (!parent) return comment.id;
  const beside = parent.comment.depth === DEEPEST;
  return `${beside ? parent.path.slice(0, parent.path.lastIndexOf("/")) : parent.path}/${comment.id}`;
}

/** A picture, or initials on a colour of the author's own. @param {Author} author */
function avatar(author) {
  if (author.avatar_url)
    return h("img", { class: "avatar", src: author.avatar_url, alt: "", width: "32", height: "32", loading: "lazy", referrerpolicy: "no-referrer" });
  const tone = [...author.id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7) % TONES;
  const initials = author.name.match(/(?<![\p{L}\p{M}\p{N}])[\p{L}\p{N}]/gu) ?? [];
  return h("span", { class: `avatar tone-${tone}`, "aria-hidden": "true" }, initials.slice(0, 2).join("").toUpperCase());
}
