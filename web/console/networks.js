// @ts-check
// Networks from which only staff take part.

import { untilField } from "./bans.js";
import { button, h } from "./h.js";
import { field, page, pagedList, smallForm } from "./paged.js";
import { date } from "./times.js";
import { problemWords, t } from "./words.js";

/** The running bans, and a form for another. */
export class NetworksView {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.element = h("div");
    this.show();
  }

  show() {
    const ask = (/** @type {string} */ cursor) => this.desk.api.moderation("/network_bans", { cursor });
    this.element.replaceChildren(page(t("place.networks"), h("p", { class: "quiet" }, t("networks.hint")), this.form(), pagedList(ask, (ban) => this.line(ban), t("networks.none"))));
  }

  form() {
    const network = h("input", { required: true, maxlength: "60", spellcheck: "false", autocapitalize: "none" });
    const reason = h("input", { required: true, maxlength: "500" });
    const { element, end } = untilField();
    const send = async () => {
      await this.desk.api.send("PUT", "/moderation/network_bans", { network: network.value.trim(), until: end(), reason: reason.value.trim() });
      this.show();
    };
    return smallForm(t("networks.ban"), send, field(t("networks.network"), network), element, field(t("ban.reason"), reason));
  }

  /** @param {any} ban */
  line(ban) {
    const lift = async () => {
      try {
        await this.desk.api.send("DELETE", `/moderation/network_bans?network=${encodeURIComponent(ban.network)}`);
        this.show();
      } catch (problem) {
        line.append(h("span", { class: "wrong", role: "alert" }, problemWords(problem)));
      }
    };
    const until = ban.until === null ? t("ban.running_good") : t("ban.running", { date: date(ban.until) });
    const line = h("li", {}, h("strong", {}, ban.network), h("span", {}, until), h("span", { dir: "auto" }, ban.reason), ban.moderator && h("span", { class: "quiet" }, t("networks.by", { name: ban.moderator.name })), button(t("networks.lift"), lift, { class: "plain" }));
    return line;
  }
}
