// @ts-check
// What changed from one wording to the next, word by word.

import { h } from "./h.js";

const AT_MOST = 1_500; // words compared one by one; longer texts are shown whole

/** The new words, with what was taken out and put in marked. @param {string} before @param {string} after @returns {HTMLElement} */
export function changed(before, after) {
  const element = h("div", { class: "diff", dir: "auto" });
  for (const { kind, text } of compare(wordsOf(before), wordsOf(after)))
    element.append(kind === "same" ? text : h(kind, {}, text));
  return element;
}

/** Words, each with the space behind it. @param {string} text @returns {string[]} */
function wordsOf(text) {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

/** @param {string[]} before @param {string[]} after @returns {{kind: "same" | "ins" | "del", text: string}[]} */
function compare(before, after) {
  if (before.length > AT_MOST || after.length > AT_MOST) return [part("del", before), part("ins", after)];
  const same = lengths(before, after);
  /** @type {{kind: "same" | "ins" | "del", text: string}[]} */
  const parts = [];
  const add = (/** @type {"same" | "ins" | "del"} */ kind, /** @type {string} */ text) => {
    const last = parts.at(-1);
    if (last?.kind === kind) last.text += text;
    else parts.push({ kind, text });
  };
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      add("same", before[i++]);
      j++;
    } else if (j === after.length || (i < before.length && same[i + 1][j] >= same[i][j + 1])) add("del", before[i++]);
    else add("ins", after[j++]);
  }
  return parts;
}

/** How long the longest common rest is, from each place on. @param {string[]} before @param {string[]} after */
function lengths(before, after) {
  const table = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--) table[i][j] = before[i] === after[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  return table;
}

/** @param {"ins" | "del"} kind @param {string[]} words */
function part(kind, words) {
  return { kind, text: words.join("") };
}
