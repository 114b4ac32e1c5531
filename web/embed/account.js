// @ts-check
// Who takes part: the page's reader by the token it hands over, or a guest; what is theirs here; the way to sign in.

import { decorate } from "./actions.js";
import { Problem, unreached } from "./api.js";
import { h } from "./comment.js";
import { open } from "./composer.js";
import { Kept } from "./drafts.js";
import { Notices } from "./notices.js";
import { sheet } from "./writing-style.js";

const PROMISED = 10_000; // milliseconds for a page that promised a new token

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
    /** @type {Promise<void> | null} */
    this.ready = null;
  }

  async prepare() {
    const { thread } = this;
    await thread.words.more();
    thread.wear(sheet());
    thread.on("rendered", decorate);
    thread.on("filled", () => thread.steady(() => this.placeMine()));
    thread.on("closed", (why) => this.composer?.text && this.composer.complain(why));
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
    await (this.ready ??= this.prepare().catch((problem) => {
      this.ready = null; // the next one tries again
      throw problem;
    }));
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
    const asked = (this.asked = {});
    const before = this.me?.author.id;
    const me = this.token ? await this.fetchMe() : null;
    if (asked !== this.asked) return; // another one is on its way
    this.me = me;
    if (this.moderates) this.moderation = await import("./moderate.js").catch(unreached);
    if (before && before !== this.me?.author.id) {
      this.thread.mine = null; // what only they could see goes
      this.notices.items = [];
      await this.moderation?.follow(this);
      await this.thread.load();
    }
    await Promise.all([this.refreshMine(), this.notices.follow()]);
    this.thread.steady(() => this.placeMine()); // now that the notices are there, too
    if (this.me) this.welcome();
    this.thread.emit("me", this.me);
  }

  /** The lines about signing in are gone; who was in one of them goes on where it was. */
  welcome() {
    const { root, section } = this.thread;
    const left = root.activeElement?.closest(".sign-in")?.parentElement;
    for (const line of section.querySelectorAll(".sign-in")) if (line !== this.guestLine) line.remove();
    /** @type {HTMLElement} */ (left?.closest(".composer")?.querySelector("textarea") ?? left?.closest("article"))?.focus();
  }

  async fetchMe() {
    this.problem = null;
    try {
      return await this.thread.api.write("GET", "me");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status !== 401) this.problem = await this.reasonOf(problem);
      return null;
    }
  }

  /** What went wrong: a browser does not say whether the page's origin was refused or nobody answered. @param {Problem} problem */
  async reasonOf(problem) {
    const reached = problem.code === "network" && (await this.thread.api.read("").catch(() => null));
    return reached ? new Problem("origin_not_allowed", 403) : problem;
  }

  /** What is theirs on this article, shown where it belongs. */
  async refreshMine() {
    const { thread } = this;
    const mine = this.me && thread.api.write("GET", `me/${thread.path}`).catch(() => null);
    [thread.mine] = await Promise.all([mine, this.moderation?.follow(this)]);
    for (const held of thread.mine?.held ?? []) thread.update(held);
    this.showMine();
  }

  /** Show what is theirs where it belongs, as far as comments are there. */
  showMine() {
    const { thread } = this;
    thread.steady(() => {
      for (const view of thread.comments.values()) decorate(view);
      this.placeMine();
    });
  }

  /** What came with no page: the comments that only they see, and the composer. */
  placeMine() {
    const { thread } = this;
    if (!thread.article) return; // comes with the first page
    this.showHeld(thread.mine?.held ?? []);
    this.notices.showRemoved();
    this.moderation?.showHeld(this);
    this.settlePlace();
  }

  /** Comments that wait, where they are not yet to be seen. @param {import("./comment.js").Comment[]} comments newest first */
  showHeld(comments) {
    for (const held of [...comments].reverse()) if (!this.thread.comments.has(held.id)) this.show(held);
  }

  /** A comment that only some see, in its place by time, if that is shown. @param {import("./comment.js").Comment} comment */
  show(comment) {
    const { comments, list, sort } = this.thread;
    if (!this.thread.article || !this.thread.belongs(comment)) return null;
    const known = comments.has(comment.id);
    const byTime = sort === "newest" || sort === "oldest";
    if (known || comment.parent_id || !byTime) return this.thread.insert(comment, { first: true });
    const after = ({ created_at: at }) => (sort === "newest" ? at < comment.created_at : at > comment.created_at);
    const next = [...list.children].find((item) => after(comments.get(item.id.slice(2))?.comment ?? comment));
    if (!next && this.thread.filling) return null; // its place is not there yet
    const view = this.thread.insert(comment, { first: true });
    list.insertBefore(view.element, next ?? null);
    return view;
  }

  /** What stands under the header: the composer, why there is none, or the way in. */
  settlePlace() {
    const { thread, composer } = this;
    const place = thread.composerPlace;
    const refused = this.me && thread.mine && !thread.mine.can_post;
    if (!this.me?.guest) this.guestLine?.remove();
    if (composer?.text) {
      if (refused) composer.complain(this.refusal());
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
      if (!place.querySelector(".join, .sign-in")) thread.invite();
      const join = place.querySelector(".join");
      if (join && this.drafts.has("")) join.textContent = thread.t("composer.draft");
    }
    if (!this.guestLine?.isConnected && this.me?.guest && this.composer) place.append((this.guestLine = this.invitation(thread.t("guest.as", { name: this.me.author.name }), { guests: false })));
  }

  /** Why they may not post, in words. */
  refusal() {
    const { t, mine, words, times } = this.thread;
    const ban = mine.why_not === "banned" && this.me?.ban;
    if (!ban) return words.problem({ code: mine.why_not });
    const until = ban.until && times.exact.format(new Date(ban.until));
    return [until ? t("ban.until", { until }) : t("error.banned"), ban.reason].filter(Boolean).join(" ");
  }

  /**
   * Whether somebody is signed in. Asks the page; then a place says how to sign in.
   * @param {Element} place @param {{guests?: boolean}} [whom] whether it may be a guest
   */
  async need(place, whom) {
    if (!this.me) {
      const button = place.querySelector("button");
      if (button) button.disabled = true; // the page may take its time
      if (!this.token) await this.ask();
      if (button) button.disabled = false;
      if (this.token) await (this.settled = this.refresh());
    }
    if (this.me) return true;
    place.replaceChildren(this.problem ? this.thread.words.problem(this.problem) : this.invitation("", whom));
    /** @type {HTMLElement | null} */ (place.querySelector("a, button"))?.focus();
    return false;
  }

  /** Ask the page for a token, or for a new one; "" when it has none. @returns {Promise<string>} */
  async ask() {
    const { thread, token: old } = this;
    const token = await new Promise((resolve) => {
      this.answer = (given) => given !== old && resolve(given);
      if (thread.tell("discuss-token-needed", { resolve })) resolve(""); // nobody promised one
      setTimeout(resolve, PROMISED, "");
    });
    this.answer = undefined;
    this.token = token || "";
    if (token) thread.element.token = token;
    else if (old && old === this.kept.get("guest")) this.kept.set("guest", null);
    return this.token;
  }

  /** How to sign in, as one line. @param {string} why @param {{guests?: boolean}} [whom] whether it may be a guest */
  invitation(why, { guests = this.thread.settings?.guests } = {}) {
    const { thread } = this;
    const url = thread.settings?.sign_in_url;
    const line = h("div", { class: "sign-in" }, why);
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

  /** A refusal in words, with the way to sign in where that helps; an ended session ends here, too. @param {Problem} problem @returns {Node | string} */
  explain(problem) {
    const { t, words } = this.thread;
    if (problem.status === 401) {
      this.me = null;
      return this.invitation(t("sign_in.ended"));
    }
    const asGuest = problem.code === "guests_not_allowed";
    return asGuest ? this.invitation(words.problem(problem), { guests: false }) : words.problem(problem);
  }
}
