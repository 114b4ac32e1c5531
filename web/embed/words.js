// @ts-check
// The section's own words in the reader's language; one small file each, loaded only when used.

import { unreached } from "./api.js";

const LATIN = /^[ -\u024f]*$/;

// Codes that readers can do nothing about are said alike: the service is wrong, or the page.
const ALIKE = {
  "unavailable": ["internal_error", "request_timeout", "too_many_streams"],
  "page": ["bad_request", "headers_too_large", "idempotency_key_reused", "invalid_cursor", "invalid_idempotency_key", "invalid_json", "method_not_allowed", "not_found", "unsupported_media_type", "uri_too_long"],
};

/** Words, numbers and plurals of one language. */
export class Words {
  /** @param {string} language a BCP 47 tag @param {Record<string, string | Record<string, string>>} texts @param {string} code the file they are from */
  constructor(language, texts, code) {
    this.code = code;
    this.language = language;
    this.direction = language.startsWith("ar") ? "rtl" : "ltr";
    this.texts = texts;
    this.plurals = new Intl.PluralRules(language);
    this.plain = !/^ar|-u-/.test(language); // digits are those of this file
  }

  /**
   * A text with its values; `n` chooses the plural form.
   * @param {string} key @param {Record<string, string | number>} [values] @returns {string}
   */
  t(key, values = {}) {
    const found = this.texts[key] ?? key;
    const text = typeof found === "string" ? found : (found[this.plurals.select(Number(values.n))] ?? found.other);
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? this.number(value) : this.isolated(value);
    });
  }

  /** A number as readers write it; the browser's formatter takes longer to make than a section to show, and few need it. @param {number} n */
  number(n) {
    return this.plain && n < 1000 ? String(n) : (this.formatter ??= new Intl.NumberFormat(this.language)).format(n);
  }

  /** A value that does not turn the text around it, in whatever script it is. @param {string} value */
  isolated(value) {
    return this.direction === "ltr" && LATIN.test(value) ? value : `\u2068${value}\u2069`;
  }

  /** Have the words of those who take part, too. */
  async more() {
    const { default: texts } = await import(`./lang/writing/${this.code}.js`).catch(unreached);
    this.texts = { ...this.texts, ...texts };
  }

  /** @param {string} key */
  knows(key) {
    return key in this.texts;
  }

  /** Words for what went wrong. @param {{code: string, retryAfter?: number}} problem */
  problem({ code, retryAfter }) {
    const [said] = Object.entries(ALIKE).find(([, codes]) => codes.includes(code)) ?? [code];
    const key = `error.${said}`;
    return this.t(this.knows(key) ? key : "error.unknown", { n: retryAfter || 1 });
  }
}

/** The words of a language. @param {{tag: string, code: string}} language */
export async function wordsFor({ tag, code }) {
  const texts = import(`./lang/${code}.js`);
  const words = new Words(known(tag, code), {}, code); // takes as long as the texts are on their way
  words.texts = (await texts).default;
  return words;
}

/** A tag as it is, when the browser can count in it. @param {string} tag @param {string} otherwise */
function known(tag, otherwise) {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return otherwise;
  }
}
