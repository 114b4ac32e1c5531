// @ts-check
// The one script of a page: <discuss-count> works from here, <discuss-thread> loads the rest when it comes near.

const FOLDER = new URL("./", import.meta.url); // where the service keeps everything else
const API = new URL("/api/v1/", import.meta.url);
const NEAR = "600px"; // how far below the viewport a section begins to load
const LANGUAGES = /^(en|es|fr|de|pt|ru|ar|zh|tr|hi)(?=-|$)/i;
const BATCH = 200; // articles in one request, as the API allows
const LONGEST = 4_000; // characters of a query; longer lists go by POST

/** @type {Map<string, Map<string, Set<DiscussCount>>>} counts to ask for, by site and article */
const asked = new Map();

/** Ask once for all the counts that this task of the page added. */
async function askCounts() {
  const sites = [...asked];
  asked.clear();
  for (const [site, articles] of sites) {
    const ids = [...articles.keys()];
    for (let at = 0; at < ids.length; at += BATCH) {
      const counts = await fetchCounts(site, ids.slice(at, at + BATCH));
      for (const [id, count] of Object.entries(counts)) for (const element of articles.get(id) ?? []) element.show(count);
    }
  }
}

/** The counts of some articles; none when they cannot be had: what is not known is not shown, never 0. */
async function fetchCounts(site, ids) {
  const url = new URL(`sites/${site}/counts`, API);
  const options = { credentials: "omit" };
  const query = new URLSearchParams(ids.map((id) => ["article", id])).toString();
  if (query.length < LONGEST) url.search = query;
  else Object.assign(options, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ articles: ids }) });
  try {
    const answer = await fetch(url, options);
    return answer.ok ? (await answer.json()).counts : {};
  } catch {
    return {};
  }
}

/** The language tag of an element: its own, the page's, or the reader's. @param {Element} element @returns {string} */
function languageOf(element) {
  return (element.closest("[lang]")?.lang || navigator.language).replace(/_/g, "-");
}

/** The number of comments on an article: `<discuss-count site article>`. */
class DiscussCount extends HTMLElement {
  static observedAttributes = ["site", "article"];

  attributeChangedCallback() {
    const site = this.getAttribute("site");
    const article = this.getAttribute("article");
    if (!site || !article) return;
    if (!asked.size) queueMicrotask(askCounts);
    const articles = asked.get(site) ?? asked.set(site, new Map()).get(site);
    const elements = articles.get(article) ?? articles.set(article, new Set()).get(article);
    elements.add(this);
  }

  /** @param {number} count */
  show(count) {
    this.textContent = count.toLocaleString(languageOf(this));
    this.dispatchEvent(new CustomEvent("discuss-count", { bubbles: true, detail: { count } }));
  }
}

const waiting = new CSSStyleSheet();
waiting.replaceSync(":host { display: block } :host([loading]) { min-height: 100vh } @media print { :host([loading]) { min-height: 0 } }");

/** The section under an article: `<discuss-thread site article>`; loads when it comes near the viewport. */
class DiscussThread extends HTMLElement {
  static observedAttributes = ["site", "article", "token", "lang"];
  /** @type {string | undefined} */
  #token;

  /** The reader's token; the page may set it any time, null signs out. */
  get token() {
    return this.#token ?? this.getAttribute("token") ?? "";
  }

  set token(token) {
    this.#token = token ?? "";
    this.thread?.signedIn();
  }

  /** Whether the page's server put the discussion here: it shows until it is taken over. */
  get inlined() {
    return !!this.querySelector(".discuss");
  }

  connectedCallback() {
    if (Object.hasOwn(this, "token")) {
      const { token } = this; // set before this script was there
      delete this.token;
      this.token = token;
    }
    if (!this.shadowRoot) {
      this.attachShadow({ mode: "open" }).append(document.createElement("slot"));
      this.shadowRoot.adoptedStyleSheets = [waiting];
      this.toggleAttribute("loading", !this.inlined);
    }
    this.near = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.load(), { rootMargin: NEAR });
    this.near.observe(this);
    addEventListener("hashchange", this);
    addEventListener("beforeprint", this);
    this.handleEvent();
  }

  /** Who follows a link to a comment, or prints, does not wait until the section is near. @param {Event} [event] */
  handleEvent(event) {
    if (!this.loading && (event?.type === "beforeprint" || location.hash.startsWith("#comment-"))) this.load();
  }

  disconnectedCallback() {
    this.near.disconnect();
    removeEventListener("hashchange", this);
    removeEventListener("beforeprint", this);
    this.loading = null;
    this.thread?.leave();
    this.thread = null;
  }

  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === "token") this.#token = undefined;
    if (name === "token") this.thread?.signedIn();
    else if (this.loading) this.load();
  }

  /** The language tag to speak, and the code of the file that has its words. */
  get language() {
    const tag = languageOf(this);
    const [code] = LANGUAGES.exec(tag) ?? [];
    return code ? { tag, code: code.toLowerCase() } : { tag: "en", code: "en" };
  }

  async load() {
    const loading = (this.loading = {});
    this.near.disconnect();
    // everything at once: what is asked for is there when the script is
    import(new URL(`lang/${this.language.code}.js`, FOLDER).href).catch(() => {});
    const site = new URL(`sites/${this.getAttribute("site")}`, API).href;
    const early = [`${site}/articles/${this.getAttribute("article")}/comments`, site].map((url) => fetch(url, { credentials: "omit" }));
    for (const answer of early) answer.catch(() => {}); // told by the thread
    try {
      const { mount } = await import(new URL("thread.js", FOLDER).href);
      if (loading !== this.loading) return;
      this.thread?.leave();
      this.thread = mount(this, early);
      await this.thread.started;
    } catch (problem) {
      this.removeAttribute("loading");
      if (!this.thread?.section) this.offerRetry();
      throw problem;
    }
  }

  /** A button below what the page's server put here; the words of its language may be what could not be had. */
  offerRetry() {
    const button = document.createElement("button");
    button.textContent = "↻ Discuss";
    button.onclick = () => (button.remove(), this.load());
    addEventListener("online", () => button.isConnected && button.click(), { once: true });
    this.shadowRoot.append(button);
  }
}

/** Counts beside a section follow it. */
document.addEventListener("discuss-count", ({ target, detail }) => {
  if (!(target instanceof DiscussThread)) return;
  const same = (name) => (element) => element.getAttribute(name) === target.getAttribute(name);
  for (const count of [...document.querySelectorAll("discuss-count")].filter(same("site")).filter(same("article"))) count.show(detail.count);
});

customElements.define("discuss-count", DiscussCount);
customElements.define("discuss-thread", DiscussThread);
