// @ts-check
// The section under one article: its pages, its order, what happens to it live, and the way to one comment of it.

import { Api, Problem, unreached } from "./api.js";
import { CommentView, h } from "./comment.js";
import { Live } from "./live.js";
import { dress, sheet } from "./style.js";
import { Times } from "./times.js";
import { wordsFor } from "./words.js";

/** @typedef {import("./comment.js").Comment} Comment */

const SORTS = ["newest", "oldest", "top", "controversial"];
const LINK = /^#comment-([0-9a-f-]{36})$/;
const SLICE = 8; // comments that are put in before the browser may paint
const PATIENCE = 1_000; // milliseconds that comments wait for what their reader has here, so that nothing moves them later

/**
 * Show the section in an element; `started` of what is returned is settled when it is there.
 * @param {any} element the <discuss-thread> @param {Promise<Response>[]} early the first page and the site, asked for already
 */
export function mount(element, early) {
  const thread = new Thread(element);
  thread.started = thread.start(early);
  return thread;
}

/** The section's controller; owns the list. */
export class Thread {
  /** @param {any} element */
  constructor(element) {
    this.element = element;
    this.site = element.getAttribute("site") ?? "";
    this.id = element.getAttribute("article") ?? "";
    this.root = /** @type {ShadowRoot} */ (element.shadowRoot);
    this.api = new Api(this.site);
    /** @type {Map<string, CommentView>} */
    this.comments = new Map();
    /** @type {Map<string, Comment>} came live and wait behind the button */
    this.fresh = new Map();
    /** @type {EventTarget} */
    this.bus = new EventTarget();
    /** @type {import("./composer.js").Composer[]} wait for their comment to be there again */
    this.apart = [];
    this.filling = null; // what marks the page whose roots are being put in
    this.sort = "newest";
    this.turn = 0; // of loads: what an overtaken one brings is not shown
    this.article = null;
    this.account = null;
    this.settings = null; // the public site object
    this.gone = new AbortController(); // ends what listens to the page
    this.t = (key, values) => this.words.t(key, values);
  }

  get path() {
    return `articles/${this.id}`;
  }

  /** @param {Promise<Response>[]} early */
  async start(early) {
    const page = this.fetchPage(early); // while the words are on their way
    page.catch(() => {}); // told by load
    const asked = this.askForToken();
    if (this.element.token) import("./account.js").catch(() => {}); // told by signedIn
    this.words = await wordsFor(this.element.language);
    if (this.gone.signal.aborted) return;
    this.times = new Times(this.words);
    this.build();
    window.addEventListener("hashchange", () => this.followLink(), { signal: this.gone.signal });
    await Promise.race([asked.then(() => this.signedIn()), pause(PATIENCE)]);
    if (this.gone.signal.aborted) return;
    await this.load(page);
    await this.followLink();
  }

  /** Ask the page for a token, unless it gave one; settled when there is none to wait for. @returns {Promise<void>} */
  askForToken() {
    return new Promise((done) => {
      const resolve = (token) => done((this.element.token = token));
      if (this.element.token || this.tell("discuss-token-needed", { resolve })) done();
    });
  }

  leave() {
    this.turn += 1;
    this.filling = null;
    this.gone.abort();
    this.live?.stop();
    this.times?.stop();
    this.emit("leave");
  }

  /** @param {string} name @param {(detail: any) => void} listen */
  on(name, listen) {
    this.bus.addEventListener(name, (event) => listen(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {string} name @param {any} [detail] */
  emit(name, detail) {
    this.bus.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Tell the page; false when it prevented what would follow. @param {string} name @param {any} [detail] */
  tell(name, detail) {
    return this.element.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable: true, detail }));
  }

  /** The parts of the section, with skeletons where comments will be. */
  build() {
    const { t } = this;
    const { language, direction } = this.words;
    this.count = h("span", { class: "count" });
    this.order = h("select", { "aria-label": t("sort.label"), onchange: () => this.reorder() }, ...SORTS.map((sort) => h("option", { value: sort }, t(`sort.${sort}`))));
    this.header = h("header", { class: "header", part: "header" }, h("h2", { id: "title" }, t("title"), " ", this.count), this.order);
    this.line = h("p", { class: "line", role: "alert", hidden: true });
    this.closed = h("p", { class: "line", dir: "auto", hidden: true });
    this.composerPlace = h("div", { class: "place", part: "composer" });
    this.pill = h("button", { class: "pill", part: "pill", type: "button", hidden: true, onclick: () => this.showFresh() });
    this.list = h("ol", { class: "list", role: "list", "aria-busy": "true" }, ...[1, 2, 3].map(() => h("li", { class: "skeleton", "aria-hidden": "true" }, h("i"), h("i"), h("i"))));
    this.more = h("button", { class: "more", type: "button", hidden: true, onclick: () => this.loadMore() }, t("list.more"));
    this.spoken = h("div", { class: "spoken", role: "status" });
    this.section = h("section", { part: "section", lang: language, dir: direction, "aria-labelledby": "title", onclick: (event) => this.clicked(event) }, this.header, this.line, this.closed, this.composerPlace, h("div", { class: "afloat" }, this.pill), this.list, this.more, this.spoken);
    this.invite();
    // a fragment of the page's server stays in sight until the comments are there
    if (!this.element.inlined) this.show();
  }

  /** In place of what the page had. */
  show() {
    if (this.section.isConnected) return;
    dress(this.section, this.element, this.gone.signal);
    this.root.adoptedStyleSheets = [sheet(), ...this.root.adoptedStyleSheets.slice(1)]; // in place of the loader's
    this.root.replaceChildren(this.section);
  }

  /** Put on a further sheet. @param {CSSStyleSheet} sheet */
  wear(sheet) {
    this.root.adoptedStyleSheets = [...new Set([...this.root.adoptedStyleSheets, sheet])];
  }

  /** The first page in the chosen order, and the site. @param {Promise<Response>[]} [early] their answers, if they were asked for already */
  fetchPage([page, site] = []) {
    const query = this.sort === "newest" ? "" : `?sort=${this.sort}`;
    return Promise.all([this.api.read(`${this.path}/comments${query}`, page), this.settings ?? this.api.read("", site)]);
  }

  async load(answer = this.fetchPage()) {
    const turn = ++this.turn;
    try {
      const [page, settings] = await answer;
      if (turn !== this.turn) return;
      this.settings = settings;
      await this.open(page);
    } catch (problem) {
      if (turn === this.turn) this.fail(problem);
    }
  }

  /** Show a first page. @param {any} page */
  async open(page) {
    const first = !this.article;
    const { activeElement: focused } = this.root;
    this.apart.push(...[...this.comments.values()].flatMap(({ composer }) => composer ?? []));
    this.live?.stop();
    this.comments.clear();
    this.fresh.clear();
    this.list.replaceChildren();
    this.more.hidden = true;
    this.showArticle(page.article);
    this.countFresh();
    this.filled = this.addRoots(page);
    this.show();
    if (!(await this.filled)) return; // another page came
    this.element.removeAttribute("loading");
    for (const composer of this.apart.splice(0)) await composer.reattach();
    if (this.gone.signal.aborted) return;
    if (!this.root.activeElement) focused?.focus({ preventScroll: true });
    this.list.removeAttribute("aria-busy");
    this.live = new Live(this.api.url(`${this.path}/events`), page.last_event_id, this.element, (name, data) => this.steady(() => this.happened(name, data)));
    if (first) this.tell("discuss-ready", { comment_count: this.article.comment_count });
  }

  /** Put roots with their replies at the end of the list: what is in sight first, the rest while it is read. @param {any} page */
  async addRoots(page) {
    const filling = (this.filling = {});
    let put = 0;
    for (const root of page.comments) {
      if (put >= SLICE) {
        put = 0;
        this.emit("filled");
        await painted();
        if (filling !== this.filling) return false;
      }
      put += 1 + root.replies.items.length;
      const view = this.insert(root);
      for (const reply of root.replies.items) this.insert(reply);
      view.next = root.replies.next_cursor;
    }
    this.filling = null;
    this.emit("filled");
    this.cursor = page.next_cursor;
    this.more.hidden = this.cursor === null;
    this.showEmpty();
    return true;
  }

  showEmpty() {
    const empty = this.list.querySelector(".empty");
    if (this.comments.size) empty?.remove();
    else if (!empty) this.list.append(h("li", { class: "empty" }, this.t("list.empty")));
  }

  /** @param {any} article the public article object */
  showArticle(article) {
    this.article = article;
    this.count.textContent = this.words.number(article.comment_count);
    const closed = article.locked || this.settings?.posting === "closed";
    const was = this.section.hasAttribute("data-closed");
    this.composerPlace.hidden = closed && !this.account?.composer?.text; // what somebody wrote stays
    this.closed.hidden = !closed;
    this.closed.textContent = closed ? (article.locked_reason ?? this.t(article.locked ? "line.locked" : "line.closed")) : "";
    this.section.toggleAttribute("data-closed", closed);
    if (closed !== was) this.emit("closed", closed ? this.closed.textContent : null);
    this.tell("discuss-count", { count: article.comment_count });
  }

  /** One line above the list, or none; with a button when something can be tried again. @param {string | null} text @param {() => void} [retry] */
  say(text, retry) {
    this.line.hidden = text === null;
    this.line.replaceChildren(text ?? "");
    if (retry) this.line.append(" ", h("button", { type: "button", onclick: retry }, this.t("line.retry")));
  }

  /** The page could not be loaded: what is there already stays, also what the page's server had put here. @param {unknown} problem */
  fail(problem) {
    if (!(problem instanceof Problem)) throw problem;
    this.show();
    this.element.removeAttribute("loading");
    this.list.removeAttribute("aria-busy");
    if (!this.comments.size) this.list.replaceChildren(h("li", {}, h("slot")));
    this.say(this.words.problem(problem), () => this.reload().then(() => this.followLink()));
  }

  /** Read it all anew. */
  async reload() {
    this.say(null);
    await this.load();
    await this.account?.refreshMine();
  }

  reorder() {
    this.sort = this.order.value;
    this.list.setAttribute("aria-busy", "true");
    return this.reload();
  }

  loadMore() {
    return this.press(this.more, async () => {
      const seen = new Set(this.comments.keys());
      const { turn } = this;
      const page = await this.api.read(`${this.path}/comments?sort=${this.sort}&cursor=${encodeURIComponent(this.cursor)}`);
      if (turn !== this.turn) return undefined; // of another order
      await this.addRoots(page);
      const added = page.comments.find((root) => !seen.has(root.id));
      return added && this.comments.get(added.id);
    });
  }

  /** The next replies of a root. @param {CommentView} view */
  loadReplies(view) {
    return this.press(view.more, async () => {
      const from = view.cursor ? `&cursor=${encodeURIComponent(view.cursor)}` : "";
      const page = await this.api.read(`comments/${view.comment.id}/replies?limit=50${from}`);
      const added = page.items.filter((reply) => !this.comments.has(reply.id)).map((reply) => this.insert(reply));
      view.next = page.next_cursor;
      return added[0];
    });
  }

  /**
   * Do what a button says, once at a time; what went wrong stands under it until it is pressed again.
   * @param {HTMLButtonElement} button @param {() => Promise<CommentView | undefined>} load its answer gets the focus
   */
  async press(button, load) {
    const turn = this.turn;
    button.disabled = true;
    if (button.nextElementSibling?.matches(".wrong")) button.nextElementSibling.remove();
    try {
      const added = await load();
      if (turn === this.turn) added?.article.focus({ preventScroll: true });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      button.after(h("p", { class: "wrong", role: "alert" }, this.words.problem(problem)));
    } finally {
      button.disabled = false;
    }
  }

  /**
   * Show a comment where it belongs; one that is there already is brought up to date. A reply whose parent is not
   * shown stands below its root.
   * @param {Comment} comment @param {{first?: boolean}} [where] `first`: a root at the top of the list
   */
  insert(comment, { first = false } = {}) {
    if (this.fresh.delete(comment.id)) this.countFresh();
    const known = this.comments.get(comment.id);
    if (known) {
      known.update(comment);
      return known;
    }
    const parent = this.comments.get(comment.parent_id ?? "") ?? this.comments.get(comment.root_id) ?? null;
    const view = new CommentView(this, comment, parent);
    this.comments.set(comment.id, view);
    if (view.host) view.host.place(view);
    else if (first) this.list.prepend(view.element);
    else this.list.append(view.element);
    this.showEmpty();
    return view;
  }

  /** Bring a shown comment up to date. @param {Comment} comment */
  update(comment) {
    this.comments.get(comment.id)?.update(comment);
  }

  /** A comment is out of sight: one grey line stays, so that nothing that is read moves. Without a tombstone nobody says
   * why. @param {string} id @param {Comment | null} tombstone */
  remove(id, tombstone) {
    if (this.fresh.delete(id)) this.countFresh();
    const view = this.comments.get(id);
    if (tombstone) view?.update(tombstone);
    else if (view?.comment.html) view.update({ ...view.comment, status: "hidden", html: null, author: null, featured: false });
  }

  /** Take out a comment that nobody else sees. @param {CommentView} view */
  take(view) {
    const shown = this.comments.get(view.comment.id) ?? view; // the list may have been read anew
    shown.element.remove();
    this.comments.delete(shown.comment.id);
    shown.host?.forget(shown);
    this.showEmpty();
  }

  /** Change something, and what is being read stays where it is. @param {() => void} change */
  steady(change) {
    const topOf = (element) => element.getBoundingClientRect().top;
    const below = topOf(this.list) > 0; // then the change is in sight, or further down
    const read = below ? null : [...this.list.querySelectorAll("article")].find((one) => one.getBoundingClientRect().bottom > 0);
    const top = read && topOf(read);
    change();
    if (read && topOf(read) !== top) window.scrollBy({ top: topOf(read) - top, behavior: "instant" });
  }

  /** Something happened to the article. @param {string} name @param {any} data */
  happened(name, data) {
    if (name === "reset") return void this.reload();
    if (name === "article.updated") return this.showArticle(data.article);
    if (data.comment_count !== undefined) this.showArticle({ ...this.article, comment_count: data.comment_count });
    if (name === "comment.removed") return this.remove(data.id, data.tombstone);
    if (!data.comment) return undefined;
    if (this.comments.has(data.comment.id)) return this.update(data.comment);
    if (name !== "comment.published" || !this.belongs(data.comment)) return undefined;
    if (!this.comments.size) return void this.insert(data.comment); // nothing is being read
    this.fresh.set(data.comment.id, data.comment);
    return this.countFresh();
  }

  /** Whether a new comment has its place in what is shown: a root, or below a shown one. @param {Comment} comment */
  belongs(comment) {
    const known = (id) => this.comments.has(id) || this.fresh.has(id);
    return comment.parent_id === null || known(comment.parent_id) || known(comment.root_id);
  }

  countFresh() {
    const n = this.fresh.size;
    if (n && this.pill.hidden) this.announce(this.t("pill", { n }));
    this.pill.hidden = !n;
    this.pill.textContent = this.t("pill", { n });
  }

  showFresh() {
    const first = this.sort !== "oldest";
    const views = [...this.fresh.values()].map((comment) => this.insert(comment, { first }));
    for (const view of views) this.reveal(view);
    const topOf = (view) => view.article.getBoundingClientRect().top;
    views.reduce((one, other) => (topOf(other) < topOf(one) ? other : one)).article.focus();
  }

  /** Nothing above it is folded away, and it is seen to be meant. @param {CommentView} view */
  reveal(view) {
    const { article } = view;
    for (let above = view.host; above; above = above.host) above.collapse(false);
    article.classList.remove("new");
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      article.classList.add("new");
    });
    seen.observe(article);
  }

  /** Show one comment in its context: what a link to it does. @param {string} id */
  async focus(id) {
    await this.filled;
    if (!this.comments.has(id)) await this.fetchContext(id);
    const view = this.comments.get(id);
    if (!view) return;
    this.reveal(view);
    view.article.scrollIntoView({ block: "center" });
    view.article.focus({ preventScroll: true });
  }

  /** A comment with what it answers, put at the top of the list. @param {string} id */
  async fetchContext(id) {
    try {
      const { comment, ancestors } = await this.api.read(`comments/${id}`);
      if (comment.article_id !== this.article?.id) return;
      for (const one of [...ancestors, comment]) this.insert(one, { first: true });
      const root = this.comments.get(comment.root_id);
      if (root && root.cursor === undefined) root.next = root.comment.descendant_count > root.shown ? "" : null;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.say(this.words.problem(problem));
    }
  }

  async followLink() {
    const found = LINK.exec(location.hash);
    if (found && this.article) await this.focus(found[1]);
  }

  /** Say something to those who listen. @param {string} text */
  announce(text) {
    this.spoken.textContent = text;
  }

  /** In the composer's place until somebody is signed in: the way to take part. */
  invite() {
    this.composerPlace.replaceChildren(h("button", { class: "join", type: "button", "data-action": "join" }, this.t("composer.join")));
  }

  /** The reader's token came, changed or went: who they are decides what the section offers. */
  async signedIn() {
    if (!this.section) return; // start looks again
    if (!this.account && !this.element.token && !remembers(this.site)) return;
    await this.bring(
      () => import("./account.js"),
      async ({ connect }) => (this.account = await connect(this)),
    );
  }

  /** Use a further module; where it cannot be had, say so. @param {() => Promise<any>} load @param {(module: any) => Promise<unknown>} use */
  async bring(load, use) {
    try {
      await use(await load().catch(unreached));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.say(this.words.problem(problem), () => (this.say(null), this.bring(load, use)));
    }
  }

  /** A button of a comment, or of the composer's place, was pressed: whoever wants to take part loads the rest. @param {Event} event */
  async clicked(event) {
    const button = /** @type {Element} */ (event.target).closest("[data-action]");
    if (!button) return;
    const id = button.closest("li.comment")?.id.slice(2);
    await this.bring(
      () => import("./actions.js"),
      ({ act }) => act(this, /** @type {HTMLElement} */ (button), id ? (this.comments.get(id) ?? null) : null),
    );
  }
}

/** After the next frame; at once in a tab that nobody sees. */
function painted() {
  return new Promise((done) => (document.hidden ? done() : requestAnimationFrame(() => setTimeout(done))));
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** Whether an earlier visit left something of its reader's here: a guest's token, a draft, muted people. @param {string} site */
function remembers(site) {
  try {
    return Object.keys(localStorage).some((name) => /^(guest|muted|draft:)/.test(name.split(`discuss:${site}:`)[1] ?? ""));
  } catch {
    return false;
  }
}
