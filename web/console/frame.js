// @ts-check
// What stands around every place: queues with their counts, filters, and the way to everything else.

import { QUEUES } from "./desk.js";
import { filterForm } from "./filters.js";
import { button, h, keycap } from "./h.js";
import { path } from "./router.js";
import { number } from "./times.js";
import { t } from "./words.js";

const PLACES = ["queue", "dashboard", "authors", "articles", "networks", "log"];
const ADMIN_PLACES = ["settings", "webhooks"];

/** The console's frame around one place. */
export class Frame {
  /**
   * @param {import("./desk.js").Desk} desk @param {import("./router.js").Router} router
   * @param {{signOut: () => void, keys: () => void}} tools
   */
  constructor(desk, router, tools) {
    this.desk = desk;
    this.router = router;
    this.tools = tools;
    this.side = h("aside", { class: "side", id: "side" });
    this.name = h("span", { class: "place-name" });
    this.menu = button(t("app.menu"), () => this.toggle(), { class: "menu", "aria-expanded": "false", "aria-controls": "side" });
    this.top = h("header", { class: "top" }, this.menu, this.name);
    this.place = h("main", { class: "place", tabindex: "-1" });
    this.line = h("section", { class: "undo-line", "aria-label": t("undo.line"), hidden: true });
    this.element = h("div", { class: "frame" }, h("a", { class: "skip", href: "#content" }, t("app.skip")), this.top, this.side, this.place, this.line, desk.spoken);
    this.element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && this.toggle(false));
    desk.on("counts", () => this.counted());
    desk.on("undo", () => this.undoable());
    this.undoable();
  }

  /** What was done last and can be taken back, wherever one went since; or else what there is to know. */
  undoable() {
    const { undo, note } = this.desk;
    const step = undo.steps.at(-1);
    const press = step ? button([t("undo.undo"), keycap("z")], () => undo.takeBack(step), { class: "undo" }) : button("×", () => this.desk.notify(""), { "aria-label": t("app.close") });
    if (this.line.contains(document.activeElement)) this.place.focus();
    this.line.hidden = !step && !note;
    this.line.replaceChildren(h("span", { dir: "auto" }, step ? step.words : note), press);
  }

  /** @param {boolean} [open] */
  toggle(open = !this.element.hasAttribute("data-menu")) {
    if (!open && this.side.contains(document.activeElement) && this.element.hasAttribute("data-menu")) this.menu.focus();
    this.element.toggleAttribute("data-menu", open);
    this.menu.setAttribute("aria-expanded", String(open));
  }

  /** @param {import("./router.js").Route} route @param {HTMLElement} content */
  show(route, content) {
    const { site } = this.desk;
    this.toggle(false);
    this.name.textContent = `${site} · ${placeName(route)}`;
    const places = [...PLACES, ...(this.desk.isAdmin ? ADMIN_PLACES : [])];
    const find = (/** @type {Record<string, string>} */ query) => this.router.go(path(site, "queue", "", query));
    const focused = this.side.contains(document.activeElement);
    this.side.replaceChildren(
      h("p", { class: "site" }, h("a", { href: path(site) }, h("strong", {}, site))),
      h("nav", { "aria-label": t("queues") }, h("ul", { role: "list" }, QUEUES.map((name) => this.queue(name, route)))),
      h("nav", { "aria-label": t("places") }, h("ul", { role: "list" }, places.filter((name) => name !== "queue").map((name) => this.link(name, route)))),
      h("details", { class: "filtering", open: route.place === "queue" && matchMedia("(min-width: 1100px)").matches }, h("summary", {}, t("filter.title")), filterForm(this.desk, { queue: "pending", ...route.query }, find)),
      h(
        "footer",
        {},
        h("p", { class: "quiet" }, t("app.signed_in", { name: this.desk.me.author.name })),
        h("div", { class: "line-up" }, button(t("app.keys"), this.tools.keys, { class: "plain" }), button(t("app.sign_out"), this.tools.signOut, { class: "plain" })),
      ),
    );
    if (content.parentElement !== this.place) this.place.replaceChildren(content);
    if (focused) this.place.focus();
    document.title = `${placeName(route)} · ${site} · ${t("app.title")}`;
    this.counted();
  }

  /** @param {string} name @param {import("./router.js").Route} route */
  queue(name, route) {
    const current = route.place === "queue" && (route.query.queue ?? "pending") === name;
    const count = h("span", { class: "count", "data-count": name });
    return h("li", {}, h("a", { href: path(this.desk.site, "queue", "", { queue: name }), "aria-current": current && "page" }, h("span", {}, t(`queue.${name}`)), count));
  }

  /** @param {string} name @param {import("./router.js").Route} route */
  link(name, route) {
    return h("li", {}, h("a", { href: path(this.desk.site, name), "aria-current": route.place === name && "page" }, t(`place.${name}`)));
  }

  counted() {
    for (const place of this.side.querySelectorAll("[data-count]")) {
      const n = /** @type {any} */ (this.desk.counts)?.[place.getAttribute("data-count") ?? ""];
      place.textContent = typeof n === "number" ? number(n) : "";
    }
  }

  /** Where to type what is looked for. */
  search() {
    this.toggle(true);
    const details = this.side.querySelector(".filtering");
    if (details) details.open = true;
    this.side.querySelector("#filter-q")?.focus();
  }
}

/** @param {import("./router.js").Route} route */
function placeName(route) {
  if (route.place === "queue") return t(`queue.${QUEUES.includes(route.query.queue) ? route.query.queue : "pending"}`);
  return [...PLACES, ...ADMIN_PLACES].includes(route.place) ? t(`place.${route.place}`) : t("app.title");
}
