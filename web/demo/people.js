// @ts-check
// Who the visitor of the demo is: the service gives out tokens for it, as a publisher's server would for its readers.

const NAMES = ["localhost", "127.0.0.1"]; // of this machine: whichever the visitor typed
const KEPT = "demo-who"; // in this tab, so that the next page knows

/** @returns {any[]} */
const threads = () => [...document.querySelectorAll("discuss-thread")];

/** A token of one of the demo's people; none for nobody. @param {string} who */
async function tokenOf(who) {
  if (!who) return null;
  const answer = await fetch(`/demo/sites/demo/tokens/${who}`, { method: "POST" });
  return answer.ok ? (await answer.json()).token : null;
}

/** Hand the token over to the sections of this page. */
async function signIn() {
  const token = await tokenOf(sessionStorage.getItem(KEPT) ?? "");
  for (const thread of threads()) thread.token = token;
}

/** @param {string} who */
function become(who) {
  sessionStorage.setItem(KEPT, who);
  for (const button of document.querySelectorAll("[data-who]"))
    button.setAttribute("aria-pressed", String(button.getAttribute("data-who") === who));
  return signIn();
}

/** On the sign-in page: back to where the visitor came from, to the console with a token of its own. @param {string} who */
async function comeBack(who) {
  const query = new URLSearchParams(location.search);
  const wanted = query.get("return_to");
  await become(who);
  if (!wanted) return history.back();
  const url = new URL(wanted, location.href);
  if (!isOurs(url)) return refuse(url);
  url.hash = new URLSearchParams({ token: (await tokenOf(who)) ?? "", state: query.get("state") ?? "" }).toString();
  location.replace(url);
}

/** Whether a token may go there: to this newspaper, also by the other name of this machine, and to nobody else. @param {URL} url */
function isOurs(url) {
  const here = [url, location].every(({ hostname }) => NAMES.includes(hostname)) && url.protocol === location.protocol && url.port === location.port;
  return here || url.origin === location.origin;
}

/** @param {URL} url */
function refuse(url) {
  const words = document.querySelector("[data-refused]");
  if (words) words.textContent = `This page signs in for ${location.host} only, so nothing was sent to ${url.host || url.protocol}.`;
}

for (const button of document.querySelectorAll("[data-sign-in]"))
  button.addEventListener("click", () => comeBack(button.getAttribute("data-sign-in") ?? ""));
for (const button of document.querySelectorAll("[data-who]"))
  button.addEventListener("click", () => become(button.getAttribute("data-who") ?? ""));
document.addEventListener("discuss-sign-in", (event) => {
  event.preventDefault(); // who one is stays with the name the paper was opened by
  location.assign("/demo/sign-in");
});
document.addEventListener("discuss-token-needed", async (event) => {
  event.preventDefault();
  /** @type {CustomEvent} */ (event).detail.resolve(await tokenOf(sessionStorage.getItem(KEPT) ?? ""));
});
addEventListener("pageshow", (event) => event.persisted && become(sessionStorage.getItem(KEPT) ?? ""));
await customElements.whenDefined("discuss-thread");
await become(sessionStorage.getItem(KEPT) ?? "");
