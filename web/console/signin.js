// @ts-check
// Signing in: through the publisher's page, or with a token that was pasted.

import { Api } from "./api.js";
import { button, h } from "./h.js";
import { path } from "./router.js";
import { keepToken, signInAddress } from "./session.js";
import { problemWords, t } from "./words.js";

/** The screen to choose a site with. @param {(address: string) => void} go @param {string} [note] */
export function siteScreen(go, note) {
  const name = h("input", { id: "site", name: "site", required: true, pattern: "[a-z0-9\\-]{1,40}", autocapitalize: "none", autocomplete: "organization", spellcheck: "false" });
  const form = h("form", { class: "stack" }, field(t("signin.site"), name), h("button", { class: "primary", type: "submit" }, t("signin.open")));
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    go(path(name.value.trim()));
  });
  return screen(note, form);
}

/**
 * The screen to sign in to a site with. What was wanted stays in the address.
 * @param {string} site @param {() => void} done @param {string} [note] why it is shown
 */
export function signInScreen(site, done, note) {
  const through = h("div", { class: "stack" });
  const token = h("input", { id: "token", type: "password", required: true, autocomplete: "off", spellcheck: "false" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const form = h("form", { class: "stack" }, field(t("signin.token"), token), wrong, button(t("signin.paste"), () => form.requestSubmit(), { class: "secondary" }));
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    wrong.textContent = await refusal(site, token.value.trim());
    if (wrong.textContent) return;
    keepToken(site, token.value.trim());
    done();
  });
  offerPublisher(site, through);
  return screen(note, h("p", { class: "quiet" }, t("signin.to", { site })), through, form);
}

/** The publisher's own sign-in, where the site has one. @param {string} site @param {HTMLElement} place */
async function offerPublisher(site, place) {
  try {
    const { sign_in_url: url } = await new Api(site, "").get("");
    if (!url) return;
    const go = () => location.assign(signInAddress(site, url));
    place.append(button(t("signin.through", { host: new URL(url).host }), go, { class: "primary" }), h("p", { class: "or" }, t("signin.or")));
  } catch (problem) {
    place.append(h("p", { class: "wrong" }, problemWords(problem)));
  }
}

/** Why a token does not open the console, empty when it does. @param {string} site @param {string} token */
export async function refusal(site, token) {
  try {
    const { roles } = await new Api(site, token).get("/me");
    return roles.includes("moderator") || roles.includes("admin") ? "" : t("signin.no_moderator", { site });
  } catch (problem) {
    return problemWords(problem);
  }
}

/** @param {string | undefined} note @param {...Node} parts */
function screen(note, ...parts) {
  const said = note ? h("p", { class: "note", role: "status" }, note) : null;
  return h("main", { class: "signin" }, h("h1", {}, t("app.title")), said, ...parts);
}

/** @param {string} label @param {HTMLInputElement} input */
function field(label, input) {
  return h("label", { class: "field" }, h("span", {}, label), input);
}
