// @ts-check
// Every word of the console, in one place.

import { duration, number } from "./times.js";

/** @type {Record<string, string | {one: string, other: string}>} */
export const TEXTS = {
  "app.title": "Discuss console",
  "app.menu": "Menu",
  "app.close": "Close",
  "app.keys": "Keys",
  "app.sign_out": "Sign out",
  "app.signed_in": "Signed in as {name}",
  "app.not_found": "There is nothing at this address.",
  "app.skip": "Skip to the comments",
  "app.loading": "Loading …",
  "app.retry": "Try again",
  "app.more": "Show more",
  "app.save": "Save",
  "app.nothing": "Nothing found.",

  "signin.site": "Site",
  "signin.open": "Open",
  "signin.to": "Sign in to moderate {site}.",
  "signin.through": "Sign in at {host}",
  "signin.or": "or",
  "signin.token": "A moderator’s token",
  "signin.paste": "Sign in with this token",
  "signin.no_moderator": "This account is no moderator of {site}.",
  "signin.not_ours": "This sign-in was not started in this tab, so it was not used. Sign in here.",
  "signin.ended": "Your session ended. Sign in again; you come back to where you were.",
  "signin.unsent": {
    one: "Your session ended. Sign in again; you come back to where you were, and {n} decision that could not be sent is sent then.",
    other: "Your session ended. Sign in again; you come back to where you were, and {n} decisions that could not be sent are sent then.",
  },
  "unsent.sent": { one: "{n} decision from before you signed in again was sent.", other: "{n} decisions from before you signed in again were sent." },
  "unsent.not": { one: "{n} decision from before you signed in again was not made: the comment has changed.", other: "{n} decisions from before you signed in again were not made: the comments have changed." },
  "unsent.dropped": { one: "{n} decision somebody else left in this tab was not sent.", other: "{n} decisions somebody else left in this tab were not sent." },
  "signin.out": "You are signed out.",

  "place.queue": "Queues",
  "place.dashboard": "Dashboard",
  "place.authors": "People",
  "place.articles": "Articles",
  "place.networks": "Network bans",
  "place.log": "Decision log",
  "place.settings": "Rules and settings",
  "place.webhooks": "Webhooks",
  "places": "Places",

  "queue.pending": "Held",
  "queue.flagged": "Flagged",
  "queue.appeals": "Appeals",
  "queue.published": "Published",
  "queue.removed": "Removed",
  "queue.spam": "Spam",
  "queue.all": "Everything",
  "queues": "Queues",
  "queue.empty": "Nothing waits here.",
  "queue.empty_all": "No comment is like this.",
  "queue.new": { one: "{n} new comment", other: "{n} new comments" },
  "queue.changed": "Show what is new",
  "queue.comments": "Comments",
  "queue.incomplete": "These words are very common: only the newest 10,000 comments that have them are looked at.",
  "queue.choose": "Choose a comment.",
  "queue.waiting": "The oldest has waited for {time}.",
  "queue.waiting_now": "The oldest came just now.",
  "queue.gone": "This comment is not there any more.",

  "chip.author": "Author",
  "chip.article": "Article",
  "filter.title": "Filters",
  "filter.q": "Search words",
  "filter.article": "Article id",
  "filter.section": "Section",
  "filter.author": "Author id",
  "filter.reason": "Reason",
  "filter.check": "Held by",
  "filter.after": "Written from",
  "filter.before": "Written before",
  "filter.any": "Any",
  "filter.clear": "Clear filters",
  "filter.find": "Find",
  "filter.without": "Without this filter: {name} {value}",

  "row.select": "Select",
  "row.unfold": "Show all its words",
  "badge.guest": "Guest",
  "badge.banned": "Banned",
  "badge.featured": "Editors’ pick",
  "badge.staff": "Staff",
  "badge.moderator": "Moderator",
  "badge.admin": "Admin",

  "record.approved": "{n} approved",
  "record.removed": "{n} removed",
  "record.flags_upheld": { one: "{n} flag upheld", other: "{n} flags upheld" },
  "record.new": "First comment",
  "record.none": "Nothing approved yet",
  "record.title": "Record",
  "record.first_seen": "First seen",
  "record.comments": "Comments",
  "record.label.approved": "Approved",
  "record.label.removed": "Removed",
  "record.label.pending": "Held",
  "record.label.flags_upheld": "Flags upheld",

  "why.illegal": "Reported as illegal",
  "why.flags": "Flagged {n}",
  "why.edit_waiting": "An edit waits",
  "why.appeal": "Its author appeals",
  "why.old": "Overdue",

  "check.near_duplicate": "Said alike by many",
  "check.held_domain": "Held domain",
  "check.suspect_word": "Suspect word",
  "check.new_author": "New author",
  "check.bad_history": "Often removed",
  "check.premoderated_site": "Site is moderated first",
  "check.premoderated_section": "Section is moderated first",
  "check.premoderated_article": "Article is moderated first",
  "check.premoderated_guest": "Guests are moderated first",
  "check.hook": "Publisher’s check",
  "check.flags": "Flagged often",

  "reason.spam": "Spam",
  "reason.abuse": "Abuse",
  "reason.hate": "Hate",
  "reason.off_topic": "Off topic",
  "reason.misinformation": "Misinformation",
  "reason.illegal": "Illegal",
  "reason.other": "Other",
  "reason.banned": "Author banned",
  "reason.removal_undone": "Removal undone",

  "status.pending": "Held",
  "status.published": "Published",
  "status.removed": "Removed",
  "status.spam": "Spam",
  "status.deleted": "Deleted by its author",

  "action.approve": "Approve",
  "action.grant": "Grant appeal",
  "action.publish": "Publish",
  "action.publish_edit": "Publish edit",
  "action.uphold": "Refuse appeal",
  "action.reject_edit": "Reject edit",
  "action.dismiss_flags": "Dismiss flags",
  "action.restore": "Restore as it was",
  "action.remove": "Remove",
  "action.spam": "Spam",
  "action.feature": "Feature",
  "action.unfeature": "Unfeature",
  "action.ban": "Ban …",

  "done.approve": "Approved",
  "done.uphold": "Appeal refused",
  "done.reject_edit": "Edit rejected",
  "done.dismiss_flags": "Flags dismissed",
  "done.restore": "Restored",
  "done.remove": "Removed",
  "done.spam": "Marked as spam",
  "done.feature": "Featured",
  "done.unfeature": "No longer featured",
  "done.ban": "Author banned",

  "past.approve": "approved it",
  "past.uphold": "refused the appeal",
  "past.reject_edit": "rejected the edit",
  "past.dismiss_flags": "dismissed the flags",
  "past.restore": "restored it",
  "past.remove": "removed it",
  "past.spam": "marked it as spam",
  "past.feature": "featured it",
  "past.unfeature": "took it from the featured ones",
  "past.hold": "held it",
  "past.delete": "deleted it",
  "past.ban": "banned them",
  "past.unban": "lifted their ban",
  "past.ban_network": "banned a network",
  "past.unban_network": "lifted a network’s ban",
  "past.hold_edit": "held an edit",
  "past.lock_article": "locked an article",
  "past.unlock_article": "opened an article again",
  "past.hide_article": "hid an article’s discussion",
  "past.show_article": "showed an article’s discussion",
  "past.update_article": "changed an article",
  "past.merge_article": "merged an article into another",
  "past.change_settings": "changed the settings",
  "past.revoke": "ended their sessions",
  "past.undo_removal": "undid the removal of their comments",
  "past.grant_reader": "took their role away",
  "past.grant_staff": "made them staff",
  "past.grant_moderator": "made them a moderator",
  "past.grant_admin": "made them an admin",
  "who.author": "The author",
  "who.rule": "A rule",
  "who.nobody": "The service",
  "decision.words": "{who} {done}",

  "lost.approve": "your approval did not count",
  "lost.uphold": "your refusal did not count",
  "lost.reject_edit": "your rejection of the edit did not count",
  "lost.dismiss_flags": "your dismissal of the flags did not count",
  "lost.restore": "your restoring did not count",
  "lost.remove": "your removal did not count",
  "lost.spam": "your marking as spam did not count",
  "lost.feature": "your featuring did not count",
  "lost.unfeature": "your unfeaturing did not count",

  "said.decided": { one: "{what}.", other: "{what}: {n} comments." },
  "undo.undo": "Undo",
  "undo.line": "Take back",
  "undo.one": "{what} · \u2068{name}\u2069",
  "undo.not_sent": { one: "{n} decision was not sent. {problem}", other: "{n} decisions were not sent. {problem}" },
  "undo.nothing": "There is nothing to take back.",
  "note.not_sent": "Not sent. {problem}",
  "note.not_found": "This comment is not there any more.",
  "note.edited": "Its text was changed after you looked. Here it is as it is now.",
  "note.own_removal": "You removed this comment yourself: another moderator decides on the appeal.",
  "note.conflict": "This could not be decided: it changed meanwhile. Look again.",

  "bulk.selected": { one: "{n} selected", other: "{n} selected" },
  "bulk.none": "Clear selection",
  "bulk.all": "Select all shown",

  "item.decisions": "Decide",
  "item.back": "Back to the list",
  "item.show_all": "Show all",
  "item.own_removal": "You removed this comment yourself. Where the site has another moderator, they decide on the appeal.",
  "item.context": "In the discussion",
  "item.history": "History",
  "item.revisions": { one: "{n} version", other: "{n} versions" },
  "item.revision": "Version {n}",
  "item.flags": "Flags",
  "item.appeal.open": "Its author appeals",
  "item.appeal.granted": "Its author appealed: granted",
  "item.appeal.refused": "Its author appealed: refused",
  "item.appeal.withdrawn": "Its author appealed, and deleted it",
  "item.published_words": "Published",
  "item.waiting_words": "Waiting edit",
  "item.this": "This comment",
  "item.reply_to": "In reply to {name}",
  "item.votes": "{up} up, {down} down",
  "item.more_by": "Everything by {name}",
  "item.read": "Read on the site",
  "item.edited": "edited",

  "remove.title": "Remove because of",
  "remove.note": "Note for moderators",
  "remove.hint": "The author reads the reason. Digits choose, Enter removes.",
  "remove.do": "Remove",
  "remove.do_many": { one: "Remove {n} comment", other: "Remove {n} comments" },

  "ban.title": "Ban {name}",
  "ban.until": "Until",
  "ban.for_good": "for good",
  "ban.day": "1 day",
  "ban.week": "7 days",
  "ban.month": "30 days",
  "ban.custom": "Another day",
  "ban.reason": "Reason, which they read",
  "ban.remove": { one: "Remove the {n} comment they have here", other: "Remove the {n} comments they have here" },
  "ban.do_good": "Ban {name} for good",
  "ban.do_until": "Ban {name} until {date}",
  "ban.do_good_remove": { one: "Ban {name} for good and remove {n} comment", other: "Ban {name} for good and remove {n} comments" },
  "ban.do_until_remove": { one: "Ban {name} until {date} and remove {n} comment", other: "Ban {name} until {date} and remove {n} comments" },
  "ban.done": "{name} is banned.",
  "ban.running": "Banned until {date}",
  "ban.running_good": "Banned for good",
  "ban.lift": "Lift the ban",
  "ban.removal": "Removing their comments: {done} of {total}",
  "ban.removed": { one: "{n} comment was removed with the ban.", other: "{n} comments were removed with the ban." },
  "ban.undo_removal": "Bring them back",
  "ban.undoing": "Bringing back: {done} of {total}",

  "keys.title": "Keys",
  "keys.next": "Next comment",
  "keys.previous": "Previous comment",
  "keys.open": "Show all its words",
  "keys.select": "Select",
  "keys.undo": "Take back the last decision",
  "keys.author": "The author’s page",
  "keys.article": "The article’s page",
  "keys.search": "Search",
  "keys.queue": "Queues in their order",
  "keys.help": "These keys",
  "keys.escape": "Close, or clear the selection",
  "keys.move": "Moving",
  "keys.decide": "Deciding",
  "keys.on": "Single keys are on",

  "authors.find": "Name begins with",
  "author.comments": "Their comments",
  "author.all_comments": "All of them, with decisions",
  "author.decisions": "Decisions about them",
  "author.notes": "Notes for moderators",
  "author.add_note": "Add a note",
  "author.note": "New note",
  "author.no_notes": "No notes.",
  "author.network": "From the same networks",
  "author.no_network": "Nobody else, lately.",
  "author.last_seen": "last seen {date}",
  "author.role": "Role",
  "author.role.reader": "Reader",
  "author.role.staff": "Staff",
  "author.role.moderator": "Moderator",
  "author.role.admin": "Admin",
  "author.revoke": "End all their sessions",
  "author.revoking": "All sessions of {name} end.",
  "author.revoked": "All their tokens are refused; those they get from now on count.",
  "author.powers": "Role and sessions",
  "author.ban": "Ban",
  "author.not_banned": "Not banned.",

  "articles.find": "Words of the title, or how the id begins",
  "article.unknown": "There is no such article.",
  "article.comments": { one: "{n} comment", other: "{n} comments" },
  "article.open": "Open",
  "article.locked": "Locked",
  "article.lock": "Lock",
  "article.lock_reason": "What readers are told",
  "article.unlock": "Unlock",
  "article.visibility": "Visibility",
  "article.hide": "Hide the discussion",
  "article.show": "Show the discussion",
  "article.was_hidden": "The discussion is hidden.",
  "article.hidden": "Hidden: readers see an empty, locked discussion.",
  "article.shown": "Shown",
  "article.moderation": "New comments",
  "article.moderation.pre": "are held first",
  "article.moderation.post": "are published at once",
  "article.moderation.none": "as the section or site says",
  "article.slow": "Slow mode",
  "article.slow_off": "off",
  "article.slow_seconds": "one comment every {time}",
  "article.latest": "Its comments",
  "article.saved": "Saved.",
  "article.read": "Read the article",

  "networks.network": "Network",
  "networks.hint": "Like 192.0.2.0/24, no wider than /16; like 2001:db8::/48, no wider than /32. Only staff take part from there.",
  "networks.ban": "Ban this network",
  "networks.lift": "Lift",
  "networks.none": "No network is banned.",
  "networks.by": "by {name}",

  "log.only.moderator": "Decided by",
  "log.only.author": "About",
  "log.only.comment": "Comment",
  "log.comment": "The comment",
  "log.author": "The author",
  "log.empty": "Nothing was decided yet.",

  "settings.admins": "Settings are for admins.",
  "settings.saved": "Saved. Every process follows within two seconds.",
  "settings.changed": { one: "{n} change", other: "{n} changes" },
  "settings.conflict": "Somebody else changed the settings meanwhile. They are shown again as they are now; your changes are kept in the form.",
  "settings.save": "Save",
  "settings.reset": "Discard changes",
  "settings.try": "Try these rules",
  "settings.try_hint": "Runs the rules of this form over the last 1,000 comments. Nothing is changed.",
  "settings.tried": "{checked} comments looked at: {held} would be held, {refused} would be refused, {freed} would not be held any more.",
  "settings.kept": "Your changes are still here; they are not saved yet.",
  "settings.section_line": "Line {n}, “{line}”: write it like “Sport: pre” or “Sport: post”.",
  "settings.would_hold": "Would be held",
  "settings.would_free": "Would not be held",
  "settings.would_refuse": "Would be refused",
  "settings.lines": "One a line",
  "settings.on": "on",
  "settings.group.posting": "Posting",
  "settings.group.moderation": "Moderation",
  "settings.group.words": "Words and links",
  "settings.group.people": "People",
  "settings.group.page": "Pages",
  "settings.group.service": "Keeping and checking",
  "settings.label.posting": "Posting is",
  "settings.label.closed_text": "What readers are told while it is closed",
  "settings.label.open_hours": "Open by the clock only",
  "settings.label.from": "From",
  "settings.label.to": "To",
  "settings.label.zone": "Time zone, like Europe/Paris",
  "settings.label.require_registered_articles": "Comments on registered articles only",
  "settings.label.edit_window_seconds": "Seconds authors may edit",
  "settings.label.max_length": "Characters at most",
  "settings.label.auto_lock_days": "Lock articles after days",
  "settings.label.moderation": "New comments are",
  "settings.label.section_moderation": "Sections that differ",
  "settings.label.new_author_approvals": "Hold the first comments of somebody new",
  "settings.label.flag_threshold": "Hold from so many flags on",
  "settings.label.overdue_minutes": "Overdue after minutes",
  "settings.label.history_hold": "Hold who is often removed",
  "settings.label.last": "Of their last comments",
  "settings.label.removed_share": "this share was removed",
  "settings.label.suspect_words": "Suspect words: held",
  "settings.label.banned_words": "Banned words: refused",
  "settings.label.held_domains": "Held domains",
  "settings.label.max_links": "Links at most",
  "settings.label.repeat_minutes": "Refuse the same text again within minutes",
  "settings.label.near_duplicates": "Hold what many say alike",
  "settings.label.authors": "Authors",
  "settings.label.minutes": "within minutes",
  "settings.label.guests": "Guests may comment",
  "settings.label.guest_moderation": "Guests’ comments are",
  "settings.label.guest_votes": "Guests vote and flag",
  "settings.label.token_roles": "Roles in the publisher’s tokens count up to",
  "settings.label.reserved_names": "Names nobody else may take",
  "settings.label.sign_in_url": "Where readers sign in",
  "settings.label.language": "Language",
  "settings.label.allowed_origins": "Origins of the site’s pages",
  "settings.label.picture_hosts": "Hosts of people’s pictures",
  "settings.label.hook": "The publisher’s own check",
  "settings.label.url": "Address",
  "settings.label.timeout_ms": "Milliseconds it may take",
  "settings.label.on_failure": "When it fails",
  "settings.label.retention_days": "Days that are kept",
  "settings.label.deleted_text": "Deleted words",
  "settings.label.addresses": "Networks’ hashes",
  "settings.label.erase": "Erased people’s comments are",
  "settings.hint.section_moderation": "One a line, like “Sport: pre” or “Letters: post”.",
  "settings.hint.max_length": "1 to 10,000",
  "settings.hint.auto_lock_days": "Empty: never.",
  "settings.hint.overdue_minutes": "Empty: after a day.",
  "settings.hint.new_author_approvals": "Until so many were approved; 0: no hold.",
  "settings.choice.posting.open": "open",
  "settings.choice.posting.closed": "closed",
  "settings.choice.moderation.post": "published at once",
  "settings.choice.moderation.pre": "held first",
  "settings.choice.guest_moderation.post": "published at once",
  "settings.choice.guest_moderation.pre": "held first",
  "settings.choice.token_roles.none": "none",
  "settings.choice.token_roles.staff": "staff",
  "settings.choice.token_roles.moderator": "moderator",
  "settings.choice.token_roles.admin": "admin",
  "settings.choice.on_failure.hold": "hold the comment",
  "settings.choice.on_failure.publish": "publish it",
  "settings.choice.erase.anonymise": "kept without their name",
  "settings.choice.erase.delete": "deleted",

  "webhooks.none": "No webhooks.",
  "webhooks.url": "Address",
  "webhooks.types": "Events (all when none is chosen)",
  "webhooks.add": "Add webhook",
  "webhooks.secret": "Its secret, shown this once: {secret}",
  "webhooks.active": "On",
  "webhooks.paused": "Off",
  "webhooks.pause": "Turn off",
  "webhooks.resume": "Turn on",
  "webhooks.delete": "Delete this webhook",
  "webhooks.deleted": "The webhook to {url} is deleted.",
  "webhooks.deliveries": "Deliveries",
  "webhooks.replay": "Send again",
  "webhooks.all": "all events",
  "webhooks.attempts": { one: "{n} attempt", other: "{n} attempts" },
  "webhooks.no_deliveries": "Nothing was sent yet.",

  "stats.day": "24 hours",
  "stats.week": "7 days",
  "stats.waiting": "Waiting",
  "stats.oldest": "Oldest waiting",
  "stats.comments": "Comments",
  "stats.removed": "Removed",
  "stats.held": "Held",
  "stats.most": "most {n}",
  "stats.by_hour": "By the hour",
  "stats.by_day": "By the hour, over 7 days",
  "stats.by_check": "Held, by check",
  "stats.by_reason": "Flags, by reason",
  "stats.articles": "Busiest articles",
  "stats.none": "None.",
  "stats.now": "now",
  "stats.peak": "{n} at {hour}",
  "stats.chart": "{what} by the hour: {sum} in all, most {most} at {hour}",
  "stats.chart_level": "{what} by the hour: {last} now, most {most} at {hour}",

  "error.network": "The service cannot be reached. Are you offline?",
  "error.unavailable": "The service is not available right now.",
  "error.token_missing": "Sign in first.",
  "error.token_invalid": "This token is not valid.",
  "error.token_expired": "This token has expired.",
  "error.forbidden": "You may not do this.",
  "error.banned": "This account is banned.",
  "error.site_not_found": "There is no such site.",
  "error.not_found": "There is nothing at this address.",
  "error.comment_not_found": "This comment is not there any more.",
  "error.article_not_found": "There is no such article.",
  "error.conflict": "Somebody else was quicker.",
  "error.validation_error": "Something is not as it should be.",
  "error.invalid_cursor": "The list has changed. Load it again.",
  "error.rate_limited": { one: "Too many requests. Try again in {n} second.", other: "Too many requests. Try again in {n} seconds." },
  "error.unknown": "Something went wrong.",
};

const plurals = new Intl.PluralRules("en");

/** A text with its values; `n` chooses the plural form. @param {string} key @param {Record<string, any>} [values] @returns {string} */
export function t(key, values = {}) {
  const found = TEXTS[key];
  if (found === undefined) throw new Error(`no words for ${key}`);
  const text = typeof found === "string" ? found : found[plurals.select(Number(values.n)) === "one" ? "one" : "other"];
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? number(value) : value;
  });
}

/** Words for a code that sites may add to: the code itself where we have none. @param {string} group @param {string} code */
export function named(group, code) {
  return `${group}.${code}` in TEXTS ? t(`${group}.${code}`) : code.replaceAll("_", " ");
}

/** Words for what went wrong, with what the service says of it. @param {any} problem */
export function problemWords(problem) {
  const code = problem.code ?? "unknown";
  const key = `error.${code}` in TEXTS ? `error.${code}` : "error.unknown";
  const words = t(key, { n: problem.retryAfter || 1 });
  const known = code === "conflict" || code === "forbidden" || key === "error.unknown" || code === "validation_error";
  const more = [known && problem.detail, ...fieldWords(problem.errors ?? {})].filter((line) => line && line !== words);
  return more.length && known ? more.join(" ") : words;
}

/** What is wrong with which field. @param {Record<string, any>} errors @returns {string[]} */
function fieldWords(errors) {
  return Object.entries(errors).map(([name, messages]) => `${name}: ${flat(messages).join(" ")}`);
}

/** @param {any} messages @returns {string[]} */
export function flat(messages) {
  return typeof messages === "string" ? [messages] : Object.values(messages).flatMap(flat);
}

/** Why a comment is in front of a moderator, the gravest first. @param {any} item @returns {{text: string, strong: boolean}[]} */
export function whyWords(item) {
  const said = item.why.flatMap((/** @type {string} */ code) => {
    if (code === "held") return heldWords(item);
    if (code === "flags") return [flagWords(item.flags)];
    return [t(`why.${code}`)];
  });
  if (!said.length) said.push(named("status", item.status));
  if (item.featured) said.push(t("badge.featured"));
  const strong = item.why.includes("illegal");
  return said.map((/** @type {string} */ text, /** @type {number} */ at) => ({ text, strong: strong && at === 0 }));
}

/** What holds it, but for the flags that are told of anyway. @param {any} item @returns {string[]} */
function heldWords({ held_by: held, why }) {
  const checks = held.filter((/** @type {any} */ { check }) => check !== "flags" || !why.includes("flags"));
  return held.length ? checks.map(checkWords) : [t("status.pending")];
}

/** "Suspect word: idiot". @param {{check: string, detail: string | null}} held */
function checkWords({ check, detail }) {
  return detail ? `${named("check", check)}: ${detail}` : named("check", check);
}

/** "Flagged 4 · abuse 3, hate 1". @param {{total: number, by_reason: Record<string, number>}} flags */
export function flagWords(flags) {
  const reasons = Object.entries(flags.by_reason)
    .sort(([, one], [, other]) => other - one)
    .map(([reason, n]) => `${named("reason", reason).toLowerCase()}\u00a0${number(n)}`);
  return `${t("why.flags", { n: flags.total })} · ${reasons.join(", ")}`;
}

/** How long the oldest has waited. @param {string} at */
export function waitedWords(at) {
  const seconds = (Date.now() - Date.parse(at)) / 1000;
  return seconds < 60 ? t("queue.waiting_now") : t("queue.waiting", { time: duration(seconds) });
}
