// @ts-check
// How writing looks; put on when somebody takes part.

const CSS = `
.composer { border: 1px solid var(--edge); border-radius: var(--radius) } .composer:focus-within { border-color: var(--accent) }
.grow { display: grid } .grow::after { content: attr(data-text) " "; max-height: 60vh; box-sizing: border-box; visibility: hidden; white-space: pre-wrap }
.grow > textarea, .grow::after, .preview { grid-area: 1 / 1; min-height: 44px; min-width: 0; padding: .5rem .875rem; overflow: hidden; resize: none; line-height: 1.5 }
.grow > textarea { overflow: auto } .grow[data-text=""]::after { content: attr(data-label) }
.composer textarea:focus-visible { outline: none }
[data-open] > .grow > textarea, [data-open] > .preview { min-height: 6.5rem }
::placeholder { color: var(--muted); opacity: 1 }
.preview { max-width: none }
.composer > .foot { display: none } .composer[data-open] > .foot { display: flex }
.foot { display: flex; flex-wrap: wrap; align-items: center; justify-content: flex-end; gap: .25rem .5rem; padding: .25rem; font-size: var(--small) }
.tools { display: flex; margin-inline-end: auto; color: var(--muted) } .tools button { width: 44px } .tools button:hover { color: var(--accent) }
.left { padding-inline-end: .5rem; color: var(--muted); font-variant-numeric: tabular-nums } .left[data-over] { color: var(--text); font-weight: 700 }
.quiet { color: var(--muted); padding-inline: .625rem } .quiet:hover { color: var(--accent) }
.send { border: 1px solid transparent; background: var(--accent); color: var(--ground); font-weight: 600; padding: .25rem 1.125rem } .send:focus-visible { border-radius: var(--radius) }
.complaint { margin: 0; padding: .5rem .875rem; font-size: var(--small) }
.complaint:empty, .note:empty { display: none }
.link { color: var(--accent); padding-inline: .25rem; min-height: 44px } .link:hover { text-decoration: underline }
.sign-in { display: flex; flex-wrap: wrap; align-items: center; column-gap: .75rem }
.sign-in a { display: inline-flex; align-items: center; min-height: 44px }
.place > .sign-in { border: 1px solid var(--edge); border-radius: var(--radius); padding-inline: .875rem; min-height: 46px }
.sign-in .input { flex: 1; padding-inline: .5rem; min-width: 9rem } form.sign-in { flex: 1 } .sign-in form > [role=alert] { flex-basis: 100% }
.place form .input:focus-visible { outline: none } .place > .sign-in:has(.input:focus-visible) { border-color: var(--accent); outline: 1px solid var(--accent) } .place > .sign-in:has(form) { padding: 0; padding-inline-start: .375rem }
.place > .composer + .sign-in { border: 0; font-size: var(--small); color: var(--muted) }
.input { width: 100%; min-height: 44px } fieldset .input, .note .input, .complaint .input { border: 1px solid var(--edge); padding: .5rem .625rem }
.note { font-size: var(--small); padding-block: .25rem }
:is(.note, .complaint) > .link { margin-block: -11px } .note > .link:first-child { padding-inline-start: 0 } .note .link { text-decoration: underline; text-underline-offset: .2em }
.comment:is([data-state=pending], [data-state=refused]) > article { border-block: 1px dashed var(--edge) }
.list > .comment:is([data-state=pending], [data-state=refused]) { border-block-start-color: transparent } .list > .comment:not(:last-child) > article { border-block-end: 0 !important }
.comment:is([data-state=leaving], [data-state=muted]) > article > :not(.notes) { display: none }
.comment:is([data-state=sending], [data-state=refused]) > article > .actions, [data-editing] > article > :is(.body, .actions, .notes) { display: none }
[data-state=pending] > article > .actions > :not([data-action=menu], .menu) { display: none }
[data-state=sending] > article > .by::after { content: "◷"; color: var(--muted) }
.comment > [part=composer] { margin-block: .25rem .75rem }
.actions:has(.menu) { position: relative }
.menu { position: absolute; z-index: 3; inset-block-start: 100%; inset-inline-start: .5rem; display: grid; min-width: 13rem; max-width: calc(100% - 1rem); padding: .25rem; background: var(--ground); color: var(--text); border: 1px solid var(--edge); border-radius: var(--radius); box-shadow: 0 4px 16px rgb(0 0 0 / .16); animation: come .12s ease-out }
.menu button { text-align: start } .menu button:hover { background: var(--line) } .menu [data-apart]:not(:first-child) { border-block-start: 1px solid var(--line); border-start-start-radius: 0; border-start-end-radius: 0 }
dialog { width: min(32rem, 100% - 2rem); max-height: 90dvh; padding: 1.25rem; background: var(--ground); color: var(--text); border: 1px solid var(--edge); border-radius: calc(var(--radius) * 1.5); animation: come .15s ease-out } dialog::backdrop { background: rgb(0 0 0 / .45) }
dialog h3 { font-size: 1.125em; margin: 0 0 .25rem } .hint { margin: 0 0 .5rem; color: var(--muted); font-size: var(--small) }
fieldset { border: 0; margin: 0 0 .75rem; padding: 0; min-width: 0 } legend, fieldset > label { display: grid; gap: .25rem; padding: 0; font-size: var(--small); color: var(--muted) }
fieldset textarea { resize: vertical } fieldset select { display: block; max-width: none; font-size: inherit; color: var(--text) }
fieldset > .choice { display: flex; align-items: center; gap: .625rem; min-height: 44px; color: var(--text); font-size: inherit } .choice input { width: 1.125rem; height: 1.125rem; flex: none; accent-color: var(--accent) }
.bell { flex: none; margin-inline: auto -.5rem; display: inline-flex; align-items: center; justify-content: center; gap: .375rem; min-width: 44px; font-size: var(--small); color: var(--muted) } .bell[data-new] { color: var(--accent) } .bell b { display: none } .bell svg { width: 1.25rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round }
.notices { border-block: 1px solid var(--line); margin-block-end: var(--gap); font-size: var(--small); color: var(--muted) } .notices li { display: flex; align-items: center; justify-content: space-between; gap: 1rem; min-height: 44px } .notices .link { text-align: start; padding: 0 } .notices time { flex: none }
@container (max-width: 30rem) { .bell span { display: none } .bell b { display: inline } .bell { padding: 0 } }
@media (max-width: 30rem) { dialog { width: 100%; max-width: 100%; margin-block-end: 0; border-radius: 1rem 1rem 0 0 } }
@media print { .notes, .notices, .bell, dialog, .comment > [part=composer] { display: none } [data-editing] > article > .body { display: block } }
`;

/** @type {CSSStyleSheet | undefined} */
let made;

/** The sheet that every section of a page shares. */
export function sheet() {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(CSS);
  }
  return made;
}
