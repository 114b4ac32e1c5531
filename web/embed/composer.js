// @ts-check
// Where people write: the line under the header that opens in place, replies below a comment, edits in its place.

import { decorate, note } from "./actions.js";
import { Problem } from "./api.js";
import { h, rendered } from "./comment.js";
import { draftName } from "./drafts.js";
import { rove } from "./menu.js";

/** @typedef {import("./comment.js").CommentView} CommentView */

const NEAR = 200; // characters before the end from where on the counter shows
const TOOLS = /** @type {const} */ ([
  ["bold", "<b>B</b>", wrap("**")],
  ["italic", "<i>I</i>", wrap("_")],
  ["quote", "”", prefix("> ")],
  ["code", "‹›", wrap("`")],
  ["link", "<u>a</u>", makeLink],
  ["list", "•", prefix("- ")],
]);
const KEYS = { b: wrap("**"), i: wrap("_") };
const AGAIN = ["network", "unavailable", "internal_error", "request_timeout", "idempotency_in_progress", "rate_limited", "slow_mode"];

/**
 * Open a composer. @param {import("./thread.js").Thread} thread
 * @param {{parent?: CommentView | null, edit?: {view: CommentView, text: string, until: string} | null, at: HTMLElement}} where
 */
export function open(thread, { parent = null, edit = null, at }) {
  return new Composer(thread, parent, edit, at);
}

/** One text that is being written. */
export class Composer {
  /** @param {import("./thread.js").Thread} thread @param {CommentView | null} parent @param {any} edit @param {HTMLElement} at */
  constructor(thread, parent, edit, at) {
    this.thread = thread;
    this.account = /** @type {import("./account.js").Account} */ (thread.account);
    this.parent = parent;
    this.edit = edit;
    this.isRoot = !parent && !edit;
    this.name = draftName(thread.id, parent?.comment.id ?? "");
    /** @type {import("./drafts.js").Draft} */
    this.draft = (!edit && this.account.kept.get(this.name)) || { text: edit?.text ?? "" };
    this.build();
    at.append(this.form);
    this.write(this.draft.text);
    if (edit) this.countDown();
    if (!this.isRoot) this.focus();
  }

  get text() {
    return this.area.value.trim();
  }

  build() {
    const { t } = this.thread;
    const name = this.parent?.comment.author?.name ?? "";
    const label = this.edit ? t("composer.edit") : this.parent ? t("composer.reply_to", { name }) : t("composer.join");
    this.area = h("textarea", { class: "input", rows: "1", dir: "auto", "aria-label": label, placeholder: label, oninput: () => this.typed() });
    this.grow = h("div", { class: "grow", "data-label": label }, this.area);
    this.shown = h("div", { class: "body preview", dir: "auto", hidden: true });
    this.line = h("div", { class: "complaint", hidden: true });
    this.left = h("span", { class: "left" });
    this.time = this.edit && h("span", { class: "left", title: t("composer.until") });
    this.preview = h("button", { type: "button", class: "quiet", onclick: () => this.look() }, t("composer.preview"));
    const tools = TOOLS.map(([tool, sign, change]) => {
      const button = h("button", { type: "button", "aria-label": t(`tool.${tool}`), title: t(`tool.${tool}`), onclick: () => this.change(change) });
      button.append(rendered(sign));
      return button;
    });
    this.tools = h("div", { class: "tools", role: "toolbar", "aria-label": t("tool.all") }, ...tools);
    rove(this.tools);
    const cancel = this.isRoot ? null : h("button", { type: "button", class: "quiet", onclick: () => this.close() }, t("cancel"));
    this.button = h("button", { class: "send" }, t(this.edit ? "composer.save" : "composer.send"));
    this.foot = h("div", { class: "foot" }, this.tools, this.time, this.left, this.preview, cancel, this.button);
    this.form = h(
      "form",
      {
        class: "composer",
        onsubmit: (event) => (event.preventDefault(), this.send()),
        onkeydown: (event) => this.key(event),
        onfocusin: () => this.form.toggleAttribute("data-open", true),
      },
      this.grow,
      this.shown,
      this.line,
      this.foot,
    );
  }

  /** @param {string} text */
  write(text) {
    this.area.value = text;
    this.typed();
    this.form.toggleAttribute("data-open", !!text || !this.isRoot);
  }

  typed() {
    const { value } = this.area;
    this.grow.dataset.text = value;
    this.count(value);
    if (value === this.draft.text) return;
    this.keep({ text: value }); // other words are another comment: the key of those that were sent is gone
  }

  /** @param {import("./drafts.js").Draft} draft */
  keep(draft) {
    this.draft = draft;
    if (this.edit) return;
    this.account.kept.set(this.name, draft.text.trim() ? draft : null);
    this.account.drafts[draft.text.trim() ? "add" : "delete"](this.parent?.comment.id ?? "");
  }

  /** How many characters are left, as the service counts them. @param {string} value */
  count(value) {
    const most = this.thread.settings.max_length;
    this.rest = value.length < most - NEAR ? NEAR : most - [...value.normalize("NFC").trim()].length;
    const near = this.rest < NEAR;
    this.left.textContent = near ? this.thread.words.number(this.rest) : "";
    this.left.title = near && this.rest >= 0 ? this.thread.t("composer.left", { n: this.rest }) : "";
    this.left.toggleAttribute("data-over", this.rest < 0);
  }

  focus() {
    this.area.focus();
    this.form.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    const change = (event.ctrlKey || event.metaKey) && KEYS[event.key];
    if (change) this.change(change);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.send();
    else if (event.key === "Escape" && this.text === (this.edit?.text.trim() ?? "")) this.close();
    else return;
    event.preventDefault();
  }

  /** @param {(area: HTMLTextAreaElement) => void} change */
  change(change) {
    if (this.area.disabled || !this.shown.hidden) return;
    this.area.focus();
    change(this.area);
    this.typed();
  }

  /** The text as it will look, or the text again. */
  async look() {
    const looks = this.shown.hidden;
    try {
      if (looks && this.text) {
        const { html } = await this.thread.api.write("POST", "preview", { text: this.area.value });
        this.shown.replaceChildren(rendered(html));
      } else if (looks) return this.focus();
    } catch (problem) {
      return this.fail(problem);
    }
    this.turn(looks);
    if (!looks) this.area.focus();
  }

  /** @param {boolean} looks */
  turn(looks) {
    this.shown.hidden = !looks;
    this.grow.hidden = looks;
    this.tools.hidden = looks;
    this.preview.textContent = this.thread.t(looks ? "composer.write" : "composer.preview");
  }

  async send() {
    const { account, thread } = this;
    if (this.busy || this.waits) return;
    if (!this.text) return this.focus();
    if (this.rest < 0) return this.complain(thread.t("error.too_long"));
    if (!account.me) {
      this.line.hidden = false;
      if (!(await account.need(this.line))) return;
    }
    this.complain(null);
    this.busy = true;
    try {
      if (this.edit) await this.sendEdit();
      else await this.sendNew();
    } catch (problem) {
      this.fail(problem);
    }
    this.busy = false;
  }

  async sendEdit() {
    const { thread } = this;
    const { view } = this.edit;
    const answer = await thread.api.write("PATCH", `comments/${view.comment.id}`, { text: this.area.value });
    const editable = thread.mine?.editable.find(({ id }) => id === view.comment.id);
    if (editable) editable.text = this.area.value;
    this.close();
    if (answer.pending_text) note(view, "edit", thread.t("held.edit"));
    else thread.update({ ...view.comment, ...answer });
    thread.announce(thread.t(answer.pending_text ? "held.edit" : "composer.saved"));
  }

  /** Shown at once; the same words never come twice, because their key stays with them until there is an answer. */
  async sendNew() {
    const { thread, parent } = this;
    const draft = { ...this.draft, text: this.area.value };
    draft.key ??= newKey();
    draft.body ??= { text: draft.text, ...(parent ? { parent_id: parent.comment.id } : {}), ...this.opens() };
    this.keep(draft);
    const shown = this.pretend(draft);
    this.away(true);
    let comment;
    try {
      comment = await thread.api.write("POST", `${thread.path}/comments`, draft.body, { "Idempotency-Key": draft.key });
    } catch (problem) {
      this.away(false);
      throw problem;
    } finally {
      thread.take(shown);
    }
    this.keep({ text: "" });
    this.away(false);
    this.write("");
    this.turn(false);
    this.close(false);
    this.posted(comment);
  }

  /** What the first comment says of its article; a page of the service's own is no publisher's. */
  opens() {
    const { api, article } = this.thread;
    if (article.created_at || location.origin === api.base.origin) return {};
    return { article: { title: document.title.trim().slice(0, 500) || article.id, url: location.href.split("#")[0] } };
  }

  /** The comment before the service has it. @param {import("./drafts.js").Draft} draft */
  pretend({ text, key }) {
    const { thread, parent, account } = this;
    const id = `sending-${key}`;
    const view = thread.insert(
      {
        id,
        article_id: thread.id,
        parent_id: parent?.comment.id ?? null,
        root_id: parent?.comment.root_id ?? id,
        depth: parent ? parent.comment.depth + 1 : 0,
        author: account.me.author,
        html: inHtml(text),
        status: "sending",
        featured: false,
        created_at: new Date().toISOString(),
        edited_at: null,
        votes: { up: 0, down: 0, score: 0 },
        reply_count: 0,
        descendant_count: 0,
      },
      { first: true },
    );
    thread.announce(thread.t("composer.sending"));
    return view;
  }

  /** While the answer is awaited, the comment itself stands for what was written. @param {boolean} away */
  away(away) {
    this.form.hidden = away && !this.isRoot;
    this.area.disabled = away;
    this.area.value = away && this.isRoot ? "" : this.draft.text;
    this.grow.dataset.text = this.area.value;
    this.form.toggleAttribute("data-open", !away);
  }

  /** @param {any} comment as its author sees it */
  posted(comment) {
    const { thread } = this;
    const held = comment.status === "pending";
    if (thread.mine && comment.editable_until) thread.mine.editable.push(comment);
    thread.fresh.delete(comment.id);
    thread.countFresh();
    const view = thread.insert(comment, { first: true });
    view.article.focus({ preventScroll: true });
    view.article.scrollIntoView({ block: "nearest" });
    thread.announce(thread.t(held ? "held" : "composer.posted"));
    thread.tell("discuss-posted", { comment });
  }

  /** @param {unknown} problem */
  fail(problem) {
    if (!(problem instanceof Problem)) throw problem;
    const { thread, account } = this;
    this.form.hidden = false;
    const again = AGAIN.includes(problem.code);
    if (!again && problem.status !== 401) this.keep({ text: this.draft.text }); // refused: the next try is another one
    const retry = h("button", { type: "button", class: "link", onclick: () => this.send() }, thread.t("line.retry"));
    this.complain(account.explain(problem), again && !problem.retryAfter ? retry : null);
    if (problem.retryAfter) this.wait(problem);
    else if (problem.code === "network") this.sendOnline();
  }

  /** Once the network is back, unless other words stand here by then, or none. */
  sendOnline() {
    const { key } = this.draft;
    const online = () => this.form.isConnected && !this.line.hidden && key && this.draft.key === key && this.send();
    window.addEventListener("online", online, { once: true });
  }

  /** Count the seconds down until it may be tried again. @param {Problem} problem */
  wait(problem) {
    const { words } = this.thread;
    const end = Date.now() + problem.retryAfter * 1000;
    this.button.disabled = true;
    this.waits = setInterval(() => {
      const retryAfter = Math.ceil((end - Date.now()) / 1000);
      if (retryAfter > 0 && this.form.isConnected) return void (this.line.firstChild.data = words.problem({ code: problem.code, retryAfter }));
      clearInterval(this.waits);
      this.waits = 0;
      this.button.disabled = false;
      return this.complain(null);
    }, 1000);
  }

  /** What is wrong, in a line above the buttons; null: nothing. @param {...(string | Node | null)} what */
  complain(...what) {
    const said = what.filter((one) => one !== null);
    this.line.hidden = !said.length;
    this.line.replaceChildren(...said);
    if (said.length) {
      this.form.setAttribute("data-open", "");
      this.thread.announce(this.line.textContent);
    }
  }

  /** How long the words may still be changed. */
  countDown() {
    const { t } = this.thread;
    const tick = () => {
      const seconds = Math.round((Date.parse(this.edit.until) - Date.now()) / 1000);
      if (seconds < 0 || !this.form.isConnected) clearInterval(this.ticks);
      this.button.disabled = seconds < 0;
      if (seconds < 0) this.complain(t("error.edit_window_closed"));
      else this.time.textContent = clock(seconds);
    };
    clearInterval(this.ticks);
    this.ticks = setInterval(tick, 1000);
    tick();
  }

  /** Go on where its comment stands now, after the list was read anew. */
  async reattach() {
    const { thread, edit } = this;
    const { id } = (edit?.view ?? this.parent).comment;
    if (!thread.comments.has(id)) await thread.fetchContext(id);
    const view = thread.comments.get(id);
    if (!view) return;
    if (edit) edit.view = view;
    else this.parent = view;
    view.composer = this;
    view.element.toggleAttribute("data-editing", !!edit);
    view.article.after(this.form.parentElement);
    if (edit) this.countDown();
  }

  /** Done with writing; the draft stays. @param {boolean} [back] whether the focus goes back to where it came from */
  close(back = true) {
    const view = this.edit?.view ?? this.parent;
    if (!view) {
      this.area.blur();
      this.complain(null);
      return this.form.removeAttribute("data-open");
    }
    this.form.parentElement.remove();
    view.composer = null;
    view.element.removeAttribute("data-editing");
    decorate(view);
    if (back) view.article.querySelector(`[data-action=${this.edit ? "menu" : "reply"}]`)?.focus();
  }
}

/** Minutes and seconds. @param {number} seconds */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Cannot be guessed; pages without TLS have no randomUUID. */
function newKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");
}

/** A text as it stands, until the service rendered it. @param {string} text */
function inHtml(text) {
  const lines = text.trim().split(/\n{2,}/).map((part) => h("p", {}, part).outerHTML);
  return lines.join("").replaceAll("\n", "<br>");
}

/** Put a mark on both sides of what is chosen. @param {string} mark */
function wrap(mark) {
  return (/** @type {HTMLTextAreaElement} */ area) => {
    const { selectionStart: from, selectionEnd: to, value } = area;
    area.setRangeText(mark + value.slice(from, to) + mark, from, to, "select");
    area.setSelectionRange(from + mark.length, to + mark.length);
  };
}

/** Put a mark before each line that is chosen. @param {string} mark */
function prefix(mark) {
  return (/** @type {HTMLTextAreaElement} */ area) => {
    const { selectionStart, selectionEnd: to, value } = area;
    const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
    area.setRangeText(value.slice(from, to).replace(/^/gm, mark), from, to, "end");
  };
}

/** Make a link of what is chosen; its address is to be filled in. @param {HTMLTextAreaElement} area */
function makeLink(area) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  area.setRangeText(`[${value.slice(from, to)}](https://)`, from, to, "end");
  const end = area.selectionEnd;
  if (from === to) area.setSelectionRange(from + 1, from + 1);
  else area.setSelectionRange(end - 1, end - 1);
}
