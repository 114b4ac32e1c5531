// @ts-check
// Who takes part: the page's reader by the token it hands over, or a guest; what is theirs here; the way to sign in.

import { decorate } from "./actions.js";
import { Problem } from "./api.js";
import { h } from "./comment.js";
import { open } from "./composer.js";
import { Kept } from "./drafts.js";
import { Notices } from "./notices.js";
import { sheet } from "./writing-style.js";

const PATIENCE = 30_000; // milliseconds for a page that promised a new token

/** The account of a section, up to date with the token there is. @param {import("./thread.js").Thread} thread */
export async function connect(thread) {
  thread.account ??= new Account(thread);
  await thread.account.settle();
  return thread.account;
}

/** Somebody at one section, signed in or not. */
export class Account {
  /** @param {import("./thread.js").Thread} thread */
  constructor(thread) {
    this.thread = thread;
    this.kept = new Kept(thread.site);
    this.muted = new Set(this.kept.get("muted"));
    this.drafts = this.kept.drafts(thread.id);
    this.token = "";
    /** @type {null | {author: {id: string, name: string}, roles: string[], guest: boolean, ban: any}} */
    this.me = null;
    /** @type {import("./composer.js").Composer | null} the one under the header */
    this.composer = null;
    this.notices = new Notices(this);
    thread.api.token = async (again) => (again ? this.ask() : this.token);
    this.ready = this.prepare();
  }

  async prepare() {
    const { thread } = this;
    await thread.words.more();
    thread.wear(sheet());
    thread.on("rendered", decorate);
    thread.on("opened", () => this.refreshMine());
  }

  get moderates() {
    return !!this.me?.roles.some((role) => role === "moderator" || role === "admin");
  }

  /** @param {import("./comment.js").Comment} comment */
  wrote(comment) {
    return !!this.me && comment.author?.id === this.me.author.id;
  }

  /** Take the token that there is now. */
  async settle() {
    await this.ready;
    const token = this.thread.element.token || this.kept.get("guest") || "";
    this.answer?.(token);
    if (token !== this.token || !this.settled) {
      this.token = token;
      this.settled = this.refresh();
    }
    await this.settled;
  }

  /** Who the token speaks for, and what is theirs. */
  async refresh() {
    const before = this.me?.author.id;
    this.me = this.token ? await this.fetchMe() : null;
    if (this.moderates) this.moderation = await import("./moderate.js");
    if (before && before !== this.me?.author.id) await this.thread.load(); // what only they could see goes
    else await this.refreshMine();
    if (this.me) this.welcome();
    this.notices.follow();
    this.thread.emit("me", this.me);
  }

  /** The lines about signing in are gone; who was in one of them goes on where it was. */
  welcome() {
    const { root, section } = this.thread;
    const left = root.activeElement?.closest(".sign-in")?.parentElement;
    for (const line of section.querySelectorAll(".sign-in")) line.remove();
    /** @type {HTMLElement} */ (left?.closest(".composer")?.querySelector("textarea") ?? left?.closest("article"))?.focus();
  }

  async fetchMe() {
    this.problem = null;
    try {
      return await this.thread.api.write("GET", "me");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status !== 401) this.problem = problem;
      return null;
    }
  }

  /** What is theirs on this article, shown where it belongs. */
  async refreshMine() {
    const { thread } = this;
    thread.mine = this.me && (await thread.api.write("GET", `me/${thread.path}`).catch(() => null));
    thread.steady(() => {
      for (const held of thread.mine?.held.reverse() ?? []) this.show(held);
      for (const view of thread.comments.values()) decorate(view);
      this.settlePlace();
    });
    await this.moderation?.follow(this);
  }

  /** A comment that only some see, in its place by time, if that is shown. @param {import("./comment.js").Comment} comment */
  show(comment) {
    const { comments, list, sort } = this.thread;
    if (!this.thread.belongs(comment)) return null;
    const known = comments.has(comment.id);
    const view = this.thread.insert(comment, { first: true });
    if (known || view.host || (sort !== "newest" && sort !== "oldest")) return view;
    const after = ({ created_at: at }) => (sort === "newest" ? at < comment.created_at : at > comment.created_at);
    const next = [...list.children].find((item) => after(comments.get(item.id.slice(2))?.comment ?? comment));
    list.insertBefore(view.element, next ?? null);
    return view;
  }

  /** What stands under the header: the composer, why there is none, or the way in. */
  settlePlace() {
    const { thread, composer } = this;
    const place = thread.composerPlace;
    const refused = this.me && thread.mine && !thread.mine.can_post;
    if (composer?.text) {
      if (this.me) composer.complain(refused ? this.refusal() : null);
    } else if (refused) {
      this.composer = null;
      place.replaceChildren(h("p", { class: "line" }, this.refusal()));
    } else if (this.me && !composer) {
      const active = place.contains(thread.root.activeElement);
      place.replaceChildren();
      this.composer = open(thread, { at: place });
      if (active) this.composer.focus();
    } else if (!this.me) {
      this.composer = null;
      thread.invite();
      if (this.drafts.has("")) place.firstElementChild.textContent = thread.t("composer.draft");
    }
  }

  /** Why they may not post, in words. */
  refusal() {
    const { t, mine, words, times } = this.thread;
    const ban = mine.why_not === "banned" && this.me?.ban;
    if (!ban) return words.problem({ code: mine.why_not });
    const until = ban.until && times.exact.format(new Date(ban.until));
    return [until ? t("ban.until", { until }) : t("error.banned"), ban.reason].filter(Boolean).join(" ");
  }

  /** Whether somebody is signed in. Asks the page; then a place says how to sign in. @param {Element} place */
  async need(place) {
    if (!this.me) {
      if (!this.token) await this.ask();
      if (this.token) await (this.settled = this.refresh());
    }
    if (this.me) return true;
    place.replaceChildren(this.problem ? this.thread.words.problem(this.problem) : this.invitation());
    /** @type {HTMLElement | null} */ (place.querySelector("a, button"))?.focus();
    return false;
  }

  /** Ask the page for a token, or for a new one; "" when it has none. @returns {Promise<string>} */
  async ask() {
    const { thread, token: old } = this;
    const token = await new Promise((resolve) => {
      this.answer = (given) => given !== old && resolve(given);
      if (thread.tell("discuss-token-needed", { resolve })) resolve(""); // nobody promised one
      setTimeout(resolve, PATIENCE, "");
    });
    this.answer = undefined;
    this.token = token || "";
    if (token) thread.element.token = token;
    else if (old && old === this.kept.get("guest")) this.kept.set("guest", null);
    return this.token;
  }

  /** How to sign in, as one line. @param {string} [why] */
  invitation(why) {
    const { thread } = this;
    const { sign_in_url: url, guests } = thread.settings;
    const line = h("div", { class: "sign-in" }, why ?? "");
    const onclick = (event) => {
      const unheard = thread.tell("discuss-sign-in", { url });
      if (!unheard || !url) event.preventDefault();
      if (unheard && !url) line.replaceChildren(thread.t("sign_in.page"));
    };
    line.append(url ? h("a", { href: url, onclick }, thread.t("sign_in")) : h("button", { type: "button", class: "link", onclick }, thread.t("sign_in")));
    if (guests) line.append(h("button", { type: "button", class: "link", onclick: () => this.askName(line) }, thread.t("guest")));
    return line;
  }

  /** A guest's name, asked for in place. @param {HTMLElement} line */
  askName(line) {
    const { t, words, api } = this.thread;
    const name = h("input", { class: "input", required: true, maxlength: "80", autocomplete: "nickname", "aria-label": t("guest.name"), placeholder: t("guest.name") });
    const problem = h("span", { role: "alert" });
    const onsubmit = async (event) => {
      event.preventDefault();
      try {
        const { token } = await api.write("POST", "guests", { name: name.value });
        this.kept.set("guest", token);
        await this.settle();
      } catch (refused) {
        problem.textContent = words.problem(refused);
      }
    };
    line.replaceChildren(h("form", { class: "sign-in", onsubmit }, name, h("button", { class: "send" }, t("guest.go")), problem));
    name.focus();
  }

  /** Whether a refusal means that the session ended; then nobody is signed in any more. @param {Problem} problem */
  ended(problem) {
    if (problem.status === 401) this.me = null;
    return problem.status === 401;
  }
}
