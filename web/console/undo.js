// @ts-check
// What can still be taken back, for ten seconds.

const SECONDS = 10;

/** @typedef {{words: string, back: () => void, finish: () => void, unsent: () => any[], timer: number}} Step */

/** The steps that can be taken back, oldest first. */
export class Undo {
  /** @param {() => void} changed called when the newest step is another one */
  constructor(changed) {
    /** @type {Step[]} */
    this.steps = [];
    this.changed = changed;
  }

  /**
   * @param {string} words what was done @param {() => void} back takes it back
   * @param {() => void} [finish] it stands: ten seconds have gone, or the page is left
   * @param {() => any[]} [unsent] what finishing would send
   */
  add(words, back, finish = () => {}, unsent = () => []) {
    /** @type {Step} */
    const step = { words, back, finish, unsent, timer: window.setTimeout(() => this.end(step), SECONDS * 1000) };
    this.steps.push(step);
    this.changed();
    return step;
  }

  /** @param {Step | undefined} [step] the last one unless named */
  takeBack(step = this.steps.at(-1)) {
    if (step && this.drop(step)) step.back();
  }

  /** It stands now. @param {Step} step */
  end(step) {
    if (this.drop(step)) step.finish();
  }

  /** Forget a step: whatever it was, it is over. @param {Step} step @returns {boolean} whether it was still open */
  drop(step) {
    const at = this.steps.indexOf(step);
    if (at < 0) return false;
    clearTimeout(step.timer);
    this.steps.splice(at, 1);
    this.changed();
    return true;
  }

  /** Everything stands now. */
  flush() {
    for (const step of [...this.steps]) this.end(step);
  }
}
