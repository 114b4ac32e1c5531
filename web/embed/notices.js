// @ts-check
// What somebody is told of, wherever it happened on the site: a quiet line in the header, and a list behind it.

import { decorate, reasonOf } from "./actions.js";
import { h, rendered } from "./comment.js";
import { Stream } from "./stream.js";

/** @typedef {{id: string, type: string, comment: any, reason: string | null, created_at: string}} Notice */

const SHOWN = 20;
const BELL = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 17V10a6 6 0 0 1 12 0v7l2 2H4zM10 21.5h4"/></svg>';

/** The notices of one account. */
export class Notices {
  /** @param {import("./account.js").Account} account */
  constructor(account) {
    const { thread } = account;
    this.account = account;
    this.thread = thread;
    /** @type {Notice[]} newest first */
    this.items = [];
    this.stream = null;
    this.words = h("span");
    this.number = h("b");
    this.button = h("button", { type: "button", class: "link bell", hidden: true, "aria-expanded": "false", onclick: () => this.toggle() }, rendered(BELL), this.number, this.words);
    this.list = h("ol", { class: "notices", role: "list", hidden: true });
    thread.on("leave", () => this.stream?.stop());
  }

  /** Begin, or end, with whoever is signed in now. */
  async follow() {
    const { account, thread } = this;
    this.stream?.stop();
    this.items = [];
    this.list.hidden = true;
    if (account.me && !account.me.guest) {
      const { items } = await thread.api.write("GET", `me/notifications?limit=${SHOWN}`).catch(() => ({ items: [] }));
      if (thread.gone.signal.aborted) return;
      this.items = items;
      this.stream?.stop();
      if (!account.moderates) this.stream = new Stream(account, "me/events", String(this.newest), (name, data) => data && this.heard(data));
    }
    this.count();
  }

  get newest() {
    return this.items.length ? place(this.items[0]) : 0;
  }

  get seenName() {
    return `seen:${this.account.me?.author.id}`;
  }

  /** @param {Notice} notice */
  heard(notice) {
    if (!notice.type || this.items.some(({ id }) => id === notice.id)) return;
    this.items = [notice, ...this.items].slice(0, SHOWN);
    if (notice.type === "removed") this.showRemoved([notice]);
    if (notice.type === "ban_changed") this.account.settled = this.account.refresh();
    if (notice.type === "appeal_decided" || notice.type === "approved") this.account.refreshMine();
    this.count();
    this.thread.announce(this.button.getAttribute("aria-label"));
  }

  /** One's own comments that a moderator removed, with what is to be said about that; not those that are back. */
  showRemoved(notices = this.items.filter(({ comment }) => this.thread.comments.get(comment?.id)?.comment.status !== "published")) {
    const { account, thread } = this;
    if (!thread.mine || !thread.article) return;
    for (const { comment, reason } of notices.filter(({ type }) => type === "removed").reverse()) {
      if (comment?.article_id !== thread.article.id || comment.status === "published") continue;
      if (!thread.mine.removed.some(({ id }) => id === comment.id)) thread.mine.removed.push({ id: comment.id, reason, appealable: true });
      const view = account.show(comment);
      if (view) decorate(view);
    }
  }

  count() {
    const seen = this.account.kept.get(this.seenName) ?? 0;
    const fresh = this.items.filter((item) => place(item) > seen);
    const replies = fresh.every(({ type }) => type === "reply");
    this.button.hidden = !this.items.length;
    this.button.toggleAttribute("data-new", !!fresh.length);
    const { header, order, t } = this.thread;
    const text = fresh.length ? t(replies ? "notices.replies" : "notices.new", { n: fresh.length }) : t("notices");
    this.words.textContent = fresh.length ? text : "";
    this.number.textContent = fresh.length ? this.thread.words.number(fresh.length) : "";
    this.button.setAttribute("aria-label", text);
    if (!this.button.isConnected) order.before(this.button), header.after(this.list);
    if (!this.list.hidden) this.fill();
  }

  toggle() {
    this.list.hidden = !this.list.hidden;
    this.button.setAttribute("aria-expanded", String(!this.list.hidden));
    if (this.list.hidden) return;
    this.fill();
    this.account.kept.set(this.seenName, this.newest);
    this.count();
  }

  fill() {
    this.list.replaceChildren(...this.items.map((item) => h("li", {}, this.entry(item), " ", this.thread.times.element(item.created_at))));
  }

  /** @param {Notice} notice */
  entry({ type, comment, reason }) {
    const { thread } = this;
    const values = { name: comment?.author?.name ?? thread.t("comment.somebody"), reason: reason ? reasonOf({ thread }, reason) : "" };
    const answered = type === "appeal_decided" || type === "flag_answered";
    const kind = answered ? `${type}.${reason}` : type === "removed" && reason ? "removed.why" : type;
    const text = thread.t(`notices.${kind}`, values);
    return comment ? h("button", { type: "button", class: "link", onclick: () => this.go(comment) }, text) : text;
  }

  /** To the comment, on this page or on its article's own. @param {any} comment */
  async go({ id, article_id: article }) {
    const { thread } = this;
    if (article === thread.article.id) return thread.focus(id);
    const found = await thread.api.read(`comments/${id}`).catch(() => null);
    if (found?.article.url) location.href = `${found.article.url.split("#")[0]}#comment-${id}`;
    else thread.announce(thread.t("error.comment_not_found"));
  }
}

/** Where a notice stands in the log. @param {Notice} notice */
function place({ id }) {
  return parseInt(id);
}
