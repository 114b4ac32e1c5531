// @ts-check
// The publisher's servers that are told of events.

import { button, h } from "./h.js";
import { field, page, pagedList, smallForm } from "./paged.js";
import { moment } from "./times.js";
import { problemWords, t } from "./words.js";

const TYPES = [
  ...["created", "published", "held", "updated", "removed", "restored", "spam", "deleted", "flagged"].map((name) => `comment.${name}`),
  "article.updated",
  ...["banned", "unbanned", "erased"].map((name) => `author.${name}`),
  "queue.overdue",
];

/** The webhooks, and a form for another. */
export class WebhooksView {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.element = h("div");
    /** @type {Set<string>} ids of those that go when their ten seconds are over */
    this.going = new Set();
    this.said = h("p", { class: "note", role: "status", hidden: true });
    this.show();
  }

  show() {
    const ask = async (/** @type {string} */ cursor) => {
      const found = await this.desk.api.moderation("/webhooks", { cursor });
      return { ...found, items: found.items.filter((/** @type {any} */ { id }) => !this.going.has(id)) };
    };
    const list = this.desk.isAdmin ? [this.form(), this.said, pagedList(ask, (webhook) => this.line(webhook), t("webhooks.none"))] : h("p", {}, t("settings.admins"));
    this.element.replaceChildren(page(t("place.webhooks"), list));
  }

  form() {
    const url = h("input", { type: "url", required: true, maxlength: "2048" });
    const types = TYPES.map((type) => h("label", { class: "choice" }, h("input", { type: "checkbox", name: "type", value: type }), h("code", {}, type)));
    const send = async (/** @type {HTMLFormElement} */ form) => {
      const made = await this.desk.api.send("POST", "/moderation/webhooks", { url: url.value, types: new FormData(form).getAll("type") });
      this.show();
      this.said.hidden = false;
      this.said.textContent = t("webhooks.secret", { secret: made.secret });
    };
    return smallForm(t("webhooks.add"), send, field(t("webhooks.url"), url), h("details", {}, h("summary", {}, t("webhooks.types")), h("div", { class: "choices" }, types)));
  }

  /** @param {any} webhook */
  line(webhook) {
    const { id, url, types, active } = webhook;
    const wrong = h("span", { class: "wrong", role: "alert" });
    const act = (/** @type {string} */ method, /** @type {any} */ body) => async () => {
      try {
        await this.desk.api.send(method, `/moderation/webhooks/${id}`, body);
        this.show();
      } catch (problem) {
        wrong.textContent = problemWords(problem);
      }
    };
    const sent = h("details", {}, h("summary", {}, t("webhooks.deliveries")));
    sent.addEventListener("toggle", () => sent.open && sent.children.length === 1 && sent.append(this.deliveries(id)));
    return h(
      "li",
      { class: "webhook" },
      h("strong", {}, url),
      h("span", { class: active ? "badge" : "badge bad" }, t(active ? "webhooks.active" : "webhooks.paused")),
      h("span", { class: "quiet" }, types.length ? types.join(", ") : t("webhooks.all")),
      button(t(active ? "webhooks.pause" : "webhooks.resume"), act("PATCH", { active: !active }), { class: "plain" }),
      button(t("webhooks.delete"), () => this.remove(webhook), { class: "plain grave" }),
      wrong,
      sent,
    );
  }

  /** Its secret cannot be had again: it goes when its ten seconds are over. @param {any} webhook */
  remove({ id, url }) {
    this.going.add(id);
    this.show();
    const go = () => this.desk.api.send("DELETE", `/moderation/webhooks/${id}`, undefined, { keepalive: true });
    this.desk.later(t("webhooks.deleted", { url }), go, () => {
      this.going.delete(id);
      this.show();
    });
  }

  /** @param {string} id */
  deliveries(id) {
    const ask = (/** @type {string} */ cursor) => this.desk.api.moderation(`/webhooks/${id}/deliveries`, { cursor });
    return pagedList(ask, (delivery) => this.delivery(id, delivery), t("webhooks.no_deliveries"));
  }

  /** @param {string} id @param {any} delivery */
  delivery(id, delivery) {
    const again = async () => {
      try {
        const now = await this.desk.api.send("POST", `/moderation/webhooks/${id}/deliveries/${delivery.id}/replay`);
        line.replaceWith(this.delivery(id, now));
      } catch (problem) {
        line.append(h("span", { class: "wrong", role: "alert" }, problemWords(problem)));
      }
    };
    const { type, status, attempts, next_at: next, last_status: last } = delivery;
    const line = h("li", {}, h("code", {}, type), h("span", {}, status), h("span", { class: "quiet" }, t("webhooks.attempts", { n: attempts }), last && ` · HTTP ${last}`, next && ` · ${moment(next)}`), button(t("webhooks.replay"), again, { class: "plain" }));
    return line;
  }
}
