// @ts-check
// The console: signs in, and shows what the address asks for.

import { ArticleView, ArticlesView } from "./articles.js";
import { AuthorView, AuthorsView } from "./authors.js";
import { DashboardView } from "./dashboard.js";
import { Desk } from "./desk.js";
import { Frame } from "./frame.js";
import { button, h } from "./h.js";
import { listen, showKeys } from "./keys.js";
import { LogView } from "./log.js";
import { NetworksView } from "./networks.js";
import { QueueView } from "./queue.js";
import { Router, current, path } from "./router.js";
import { forgetToken, forgetUnsent, keepUnsent, takeReturn, tokenOf, unsentOf } from "./session.js";
import { SettingsView } from "./settings.js";
import { signInScreen, siteScreen } from "./signin.js";
import { WebhooksView } from "./webhooks.js";
import { problemWords, t } from "./words.js";

/** @typedef {{element: HTMLElement, update?: (route: import("./router.js").Route) => void, leave?: () => void, key?: (key: string) => boolean}} View */

/** Views by the first part of their address; those of one thing by `name/`. @type {Record<string, new (desk: Desk, router: Router, route: import("./router.js").Route) => View>} */
const VIEWS = {
  queue: QueueView,
  dashboard: DashboardView,
  authors: AuthorsView,
  "authors/": AuthorView,
  articles: ArticlesView,
  "articles/": ArticleView,
  networks: NetworksView,
  log: LogView,
  settings: SettingsView,
  webhooks: WebhooksView,
};

/** The whole console. */
class App {
  constructor() {
    /** @type {Desk | null} */
    this.desk = null;
    /** @type {Frame | null} */
    this.frame = null;
    /** @type {View | null} */
    this.view = null;
    this.shown = "";
    /** @type {Promise<void>} when the last desk has sent what was left */
    this.settled = Promise.resolve();
    this.router = new Router(() => this.show());
    listen((key) => this.key(key));
    const returned = takeReturn();
    this.show(returned === "not ours" ? t("signin.not_ours") : undefined);
  }

  /** Show what the address asks for. @param {string} [note] to show where one signs in */
  async show(note) {
    const route = current();
    if (!route.site) return this.screen(siteScreen((address) => this.router.go(address), note));
    if (!route.place) return this.router.go(path(route.site, "queue"), { replace: true });
    if (!tokenOf(route.site)) return this.signIn(note);
    if (this.desk?.site !== route.site && !(await this.open(route.site))) return;
    this.enter(route);
  }

  /** @param {HTMLElement} screen */
  screen(screen) {
    this.close();
    document.title = t("app.title");
    document.body.replaceChildren(screen);
    screen.querySelector("input")?.focus();
  }

  /** @param {string} [note] */
  signIn(note) {
    this.screen(signInScreen(current().site, () => this.show(), note));
  }

  close() {
    this.view?.leave?.();
    this.desk?.close();
    if (this.desk) this.settled = this.desk.outbox.idle();
    this.view = this.desk = this.frame = null;
    this.shown = "";
  }

  /** Open a site's desk; whether that went well. @param {string} site */
  async open(site) {
    this.close();
    await this.settled;
    const desk = new Desk(site, tokenOf(site), () => this.ended(site));
    try {
      await desk.open();
    } catch (problem) {
      if (problem.status !== 401) this.failed(problem);
      return false;
    }
    if (!desk.isModerator) {
      forgetToken(site);
      desk.close();
      this.signIn(t("signin.no_moderator", { site }));
      return false;
    }
    await sendKept(desk);
    this.desk = desk;
    this.frame = new Frame(desk, this.router, { signOut: () => this.signOut(), keys: showKeys });
    document.body.replaceChildren(this.frame.element);
    return true;
  }

  /** @param {any} problem */
  failed(problem) {
    const again = button(t("app.retry"), () => this.show(), { class: "primary" });
    this.screen(h("main", { class: "signin" }, h("h1", {}, t("app.title")), h("p", { class: "wrong", role: "alert" }, problemWords(problem)), again));
  }

  /** The token counts no more; the address stays. @param {string} site */
  ended(site) {
    if (!tokenOf(site)) return;
    forgetToken(site);
    this.signIn(t("signin.ended"));
    this.settled.then(() => {
      const n = unsentOf(site).wishes.length;
      const note = document.querySelector(".signin .note");
      if (n && note) note.textContent = t("signin.unsent", { n });
    });
  }

  signOut() {
    const site = this.desk?.site ?? "";
    this.close();
    forgetToken(site);
    this.router.go(path(site), { quiet: true });
    this.signIn(t("signin.out"));
  }

  /** @param {import("./router.js").Route} route */
  enter(route) {
    const { desk, frame } = this;
    if (!desk || !frame) return;
    const name = route.id && route.place !== "queue" ? `${route.place}/` : route.place;
    const View = VIEWS[name];
    const key = name.endsWith("/") ? name + route.id : name;
    if (this.view && this.shown === key && this.view.update) this.view.update(route);
    else {
      this.view?.leave?.();
      this.view = View ? new View(desk, this.router, route) : { element: h("p", { class: "nothing", id: "content" }, t("app.not_found")) };
      this.shown = key;
    }
    frame.show(route, this.view.element);
  }

  /** @param {string} key @returns {boolean} */
  key(key) {
    if (!this.frame) return false;
    if (key === "?") showKeys();
    else if (key === "/") this.frame.search();
    else if (key === "z") this.desk?.takeBack();
    else return this.view?.key?.(key) ?? false;
    return true;
  }
}

/** Send what an ended session left, in the name of the same person and of nobody else. @param {Desk} desk */
async function sendKept(desk) {
  const { site } = desk;
  const { author, wishes } = unsentOf(site);
  if (!wishes.length) return;
  forgetUnsent(site);
  if (author !== desk.me.author.id) return desk.notify(t("unsent.dropped", { n: wishes.length }));
  const again = (/** @type {any[]} */ some) => () => (keepUnsent(site, author, some), []); // the next time
  const answers = await Promise.all(desk.outbox.send(wishes).map(({ wishes: some, answer }) => answer.catch(again(some))));
  const results = answers.flat();
  const made = results.filter(({ result }) => result === "applied" || result === "unchanged").length;
  const said = [made && t("unsent.sent", { n: made }), made < results.length && t("unsent.not", { n: results.length - made })];
  desk.notify(said.filter(Boolean).join(" "));
}

new App();
