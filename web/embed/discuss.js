// @ts-check
// The one script of a page: <discuss-count> works from here, <discuss-thread> loads the rest when it comes near.

const FOLDER = new URL("./", import.meta.url); // where the service keeps everything else
const API = new URL("/api/v1/", import.meta.url);
const NEAR = "600px"; // how far below the viewport a section begins to load
const READING = ["thread.js", "comment.js", "api.js", "live.js", "words.js", "times.js", "style.js"];
const BATCH = 200; // articles in one request, as the API allows

/** @type {Map<string, Map<string, Set<DiscussCount>>>} counts to ask for, by site and article */
const asked = new Map();

/** Ask once for all the counts that this task of the page added. */
async function askCounts() {
  const sites = [...asked];
  asked.clear();
  for (const [site, articles] of sites) {
    const ids = [...articles.keys()];
    for (let at = 0; at < ids.length; at += BATCH) {
      const some = ids.slice(at, at + BATCH);
      try {
        const answer = await fetch(new URL(`sites/${site}/counts`, API), {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ articles: some }),
        });
        if (!answer.ok) continue; // a count that is not known is not shown, never 0
        const { counts } = await answer.json();
        for (const id of some) for (const element of articles.get(id) ?? []) element.show(counts[id]);
      } catch {
        // the network failed: nothing is shown
      }
    }
  }
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

  /** @param {number | undefined} count */
  show(count) {
    if (count === undefined) return;
    const language = this.closest("[lang]")?.getAttribute("lang") || undefined;
    this.textContent = new Intl.NumberFormat(language).format(count);
    this.dispatchEvent(new CustomEvent("discuss-count", { bubbles: true, detail: { count } }));
  }
}

const waiting = new CSSStyleSheet();
waiting.replaceSync(":host { display: block } :host([loading]) { min-height: 30rem }");

/** The section under an article: `<discuss-thread site article>`; loads when it comes near the viewport. */
class DiscussThread extends HTMLElement {
  static observedAttributes = ["site", "article", "token", "lang"];
  #token = "";

  /** The reader's token; the page may set it any time, null signs out. */
  get token() {
    return this.#token || this.getAttribute("token") || "";
  }

  set token(token) {
    this.#token = token ?? "";
    this.thread?.signedIn();
  }

  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [waiting];
    root.append(document.createElement("slot")); // what the page's server put here shows until it is taken over
    if (!this.children.length) this.setAttribute("loading", "");
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        near.disconnect();
        this.load();
      },
      { rootMargin: NEAR },
    );
    near.observe(this);
  }

  attributeChangedCallback(name, before, now) {
    if (!this.thread || before === now) return;
    if (name === "token") this.thread.signedIn();
    else this.load();
  }

  async load() {
    for (const file of READING) {
      const link = document.createElement("link");
      Object.assign(link, { rel: "modulepreload", href: new URL(file, FOLDER).href });
      document.head.append(link);
    }
    const { mount } = await import(new URL("thread.js", FOLDER).href);
    this.thread?.leave();
    this.thread = mount(this);
  }
}

customElements.define("discuss-count", DiscussCount);
customElements.define("discuss-thread", DiscussThread);
