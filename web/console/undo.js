// @ts-check
// What can still be taken back, for ten seconds.

const SECONDS = 10;

/** @typedef {{back: () => void, finish: (leaving: boolean) => void, timer: number}} Step */

/** The steps that can be taken back, oldest first. */
export class Undo {
  constructor() {
    /** @type {Step[]} */
    this.steps = [];
    addEventListener("pagehide", () => this.flush(true));
  }

  /**
   * @param {() => void} back takes it back
   * @param {(leaving: boolean) => void} finish it stands: ten seconds have gone, or the page is left
   */
  add(back, finish) {
    /** @type {Step} */
    const step = { back, finish, timer: window.setTimeout(() => this.end(step), SECONDS * 1000) };
    this.steps.push(step);
    return step;
  }

  /** @param {Step | undefined} [step] the last one unless named */
  takeBack(step = this.steps.at(-1)) {
    if (step && this.drop(step)) step.back();
  }

  /** It stands now. @param {Step} step @param {boolean} [leaving] */
  end(step, leaving = false) {
    if (this.drop(step)) step.finish(leaving);
  }

  /** Forget a step: whatever it was, it is over. @param {Step} step @returns {boolean} whether it was still open */
  drop(step) {
    const at = this.steps.indexOf(step);
    if (at < 0) return false;
    clearTimeout(step.timer);
    this.steps.splice(at, 1);
    return true;
  }

  /** Everything stands now. @param {boolean} [leaving] the page is left */
  flush(leaving = false) {
    for (const step of [...this.steps]) this.end(step, leaving);
  }
}
