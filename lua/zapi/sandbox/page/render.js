// How one message and one line of the journal look. Texts of people are only
// ever set as text nodes; an element is made by `el`, never from a string.
import { locale, word } from "/words.js";

export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") e.className = value;
    else if (key === "on") for (const [name, fn] of Object.entries(value)) e.addEventListener(name, fn);
    else e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
  return e;
}

export const clock = (ms) =>
  new Date(ms).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });

const COLOURS = 8;

// A colour that stays with a name.
export function colour(key) {
  let sum = 0;
  for (const c of key) sum = (sum * 31 + c.codePointAt(0)) % 9973;
  return sum % COLOURS;
}

export function initials(name) {
  const words = name.replace(/^\+/, "").split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? "?")][0];
  return (first + (words.length > 1 ? [...words.at(-1)][0] : "")).toUpperCase();
}

// WhatsApp's marks: *bold*, _italic_, ~struck~, ```code```; and links.
const MARK = /```([^`]+)```|(?<![\p{L}\p{N}])([*_~])(?=\S)([^*_~\n]+?)(?<=\S)\2(?![\p{L}\p{N}])|(https?:\/\/[^\s<>"]+)/gu;
const TAGS = { "*": "strong", _: "em", "~": "s" };

export function rich(text) {
  const out = document.createDocumentFragment();
  let from = 0;
  for (const m of text.matchAll(MARK)) {
    out.append(text.slice(from, m.index));
    if (m[1]) out.append(el("code", {}, m[1]));
    else if (m[2]) out.append(el(TAGS[m[2]], {}, m[3]));
    else out.append(el("a", { href: m[4], target: "_blank", rel: "noopener noreferrer" }, m[4]));
    from = m.index + m[0].length;
  }
  out.append(text.slice(from));
  return out;
}

// Only our own files are shown in place: the page asks no other site for anything.
function own(url) {
  if (!url) return null;
  if (url.startsWith("data:")) return url;
  try {
    const u = new URL(url);
    return /^\/media\/[\w.]+$/.test(u.pathname) && u.port === location.port ? u.pathname : null;
  } catch {
    return null;
  }
}

// "PDF" on a file's sheet; pictures of files would need a font that has them.
function extension(media, kind) {
  const found = /\.(\w{1,4})(?:[?#]|$)/.exec(media.name ?? media.url ?? "");
  return (found?.[1] ?? word(kind).slice(0, 3)).toUpperCase();
}

function fileCard(kind, m) {
  const media = m.media;
  const label = media.name ?? media.title ?? word(kind);
  let host = "";
  try { host = media.url ? new URL(media.url).host : ""; } catch { host = ""; }
  const inside = [
    el("span", { class: "file-icon", "aria-hidden": "true" }, extension(media, kind)),
    el("span", { class: "file-name" }, label, el("small", {}, own(media.url) ? media.mime ?? "" : host)),
  ];
  if (!media.url) return el("div", { class: "file" }, ...inside);
  return el("a", {
    class: "file", href: own(media.url) ?? media.url, target: "_blank", rel: "noopener noreferrer",
  }, ...inside);
}

const FILES = {
  image: (url, m) => el("img", { src: url, alt: m.caption || word("image"), loading: "lazy" }),
  sticker: (url) => el("img", { src: url, alt: word("sticker"), class: "sticker" }),
  audio: (url) => el("audio", { src: url, controls: true, preload: "metadata" }),
  video: (url) => el("video", { src: url, controls: true, preload: "metadata" }),
};

function fileOf(m) {
  const kind = m.media.kind ?? m.kind;
  const url = own(m.media.url);
  return url && FILES[kind] ? FILES[kind](url, m) : fileCard(kind, m);
}

function locationOf(m) {
  const at = m.location;
  return el("div", { class: "card" },
    el("span", { class: "pin", "aria-hidden": "true" }),
    el("span", {}, el("strong", {}, at.name || word("location")),
      el("small", {}, at.address || `${at.latitude}, ${at.longitude}`)));
}

function contactOf(m) {
  return el("div", { class: "card" },
    el("span", { class: `avatar small c${colour(m.contact.name)}`, "aria-hidden": "true" }, initials(m.contact.name)),
    el("span", {}, el("strong", {}, m.contact.name), el("small", {}, `+${m.contact.phone}`)));
}

function quoteOf(m, look) {
  const target = look.message(m.quoted);
  if (!target) return null;
  return el("button", { type: "button", class: "quote", on: { click: () => look.jump(target.id) } },
    el("strong", {}, target.fromMe ? look.myName() : target.fromName),
    el("span", {}, brief(target)));
}

// One line that stands for a message.
export function brief(m) {
  if (m.deleted) return word("deleted");
  const text = m.text || m.caption || "";
  if (m.kind === "location") return m.location.name || word("location");
  if (m.kind === "contact") return `${word("contact")}: ${m.contact.name}`;
  if (m.media && !["buttons"].includes(m.kind)) return `${word(m.kind)}${text ? ": " + text : ""}`;
  return text;
}

const TICKS = { PENDING: "…", SENT: "✓", RECEIVED: "✓✓", READ: "✓✓", FAILED: "!" };

function meta(m) {
  const bits = [];
  if (m.edited) bits.push(el("span", {}, word("edited")));
  bits.push(el("time", {}, clock(m.at)));
  if (m.fromMe) {
    const state = m.status.toLowerCase();
    bits.push(el("span", { class: `ticks ${state}`, title: m.error ?? word(state), "data-status": m.status }, TICKS[m.status]));
  }
  return el("span", { class: "meta" }, ...bits);
}

function buttonsOf(m, look) {
  if (m.kind !== "buttons") return null;
  return el("div", { class: "choices" }, ...m.buttons.map((b) =>
    el("button", { type: "button", "data-choice": b.id, on: { click: () => look.click(m, { button: b.id }) } }, b.label)));
}

function listOf(m, look) {
  if (m.kind !== "list") return null;
  const rows = m.list.options.map((o) =>
    el("button", { type: "button", class: "option", "data-choice": o.id, on: { click: () => look.click(m, { option: o.id }) } },
      el("strong", {}, o.label), o.description ? el("small", {}, o.description) : null));
  return el("details", { class: "choices list" },
    el("summary", {}, "☰ ", m.list.button || word("options")), el("h3", {}, m.list.title), ...rows);
}

// A click is the one option that this person has chosen; the phone would show marks.
function pollOf(m, look) {
  if (!m.poll) return null;
  return el("div", { class: "choices poll" }, ...m.poll.names.map((name) =>
    el("button", { type: "button", "data-choice": name, on: { click: () => look.click(m, { vote: name }) } }, name)));
}

function reactionsOf(m) {
  if (!m.reactions.length || m.deleted) return null;
  const count = m.reactions.length > 1 ? ` ${m.reactions.length}` : "";
  const kinds = [...new Set(m.reactions.map((r) => r.value))].join("");
  return el("span", { class: "reactions" }, kinds + count);
}

const EMOJIS = ["👍", "❤️", "😂", "😮", "🙏"];

function toolsOf(m, look) {
  if (m.deleted) return null;
  const act = (label, text, fn) => el("button", { type: "button", title: word(label), "aria-label": word(label), on: { click: fn } }, text);
  const pick = el("details", { class: "emoji" }, el("summary", { title: word("react"), "aria-label": word("react") }, "☺"),
    el("div", {}, ...EMOJIS.map((e) => el("button", { type: "button", on: { click: () => look.react(m, e) } }, e))));
  return el("div", { class: "tools" }, act("reply", "↩", () => look.quote(m)), pick,
    look.mine(m) ? act("remove", "✕", () => look.remove(m)) : null);
}

function inside(m, look) {
  if (m.deleted) return [el("em", { class: "gone" }, "⊘ ", word("deleted"))];
  const out = [];
  if (m.forwarded) out.push(el("small", { class: "forwarded" }, "↪ ", word("forwarded")));
  if (m.quoted) out.push(quoteOf(m, look));
  if (m.media) out.push(fileOf(m));
  if (m.location) out.push(locationOf(m));
  if (m.contact) out.push(contactOf(m));
  if (m.text) out.push(el("div", { class: "text" }, rich(m.text)));
  return out;
}

// A bubble; `look` says what clicks do and what else is known.
export function bubble(m, look) {
  const mine = look.mine(m);
  const author = look.isGroup && !mine ? el("div", { class: `author c${colour(m.from)}` }, m.fromName) : null;
  const visible = el("div", { class: "bubble" }, author, ...inside(m, look), meta(m), reactionsOf(m));
  if (m.status === "FAILED") visible.append(el("div", { class: "why" }, `${word("failed")}: ${m.error ?? ""}`));
  return el("article", {
    class: `message ${mine ? "mine" : "theirs"}`, "data-id": m.id, "data-kind": m.kind,
    "data-from": m.fromMe ? "bot" : m.from,
  }, el("div", { class: "stack" }, visible, ...(m.deleted ? [] : [buttonsOf(m, look), listOf(m, look), pollOf(m, look)])),
  toolsOf(m, look));
}

// Keys in one order, so that two bodies can be compared by eye.
function sorted(_key, value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const pretty = (value) => el("pre", {}, typeof value === "string" ? value : JSON.stringify(value, sorted, 2));

function outcome(entry) {
  if (entry.skipped) return ["off", `${word("skipped")}: ${entry.skipped}`];
  if (entry.error) return ["bad", entry.error];
  if (entry.pending) return ["off", word("waiting")];
  return [entry.status >= 200 && entry.status < 300 ? "good" : "bad", String(entry.status ?? "")];
}

// A line of the raw tab: closed it tells what and how it ended, open both bodies.
export function journalLine(entry, wasOpen) {
  const [look, text] = outcome(entry);
  const isCall = entry.direction === "call";
  const name = isCall ? `${entry.method} ${entry.path ?? ""}` : entry.type;
  const parts = [];
  if (entry.query) parts.push(el("h4", {}, "query"), pretty(entry.query));
  if (entry.request) parts.push(el("h4", {}, word(isCall ? "request" : "body")), pretty(entry.request));
  if (entry.reply !== undefined) parts.push(el("h4", {}, word("answer")), pretty(entry.reply));
  return el("details", { class: `entry ${isCall ? "call" : "hook"}`, "data-n": entry.n, open: wasOpen },
    el("summary", {},
      el("span", { class: "arrow", title: word(isCall ? "calls" : "webhooks") }, isCall ? "bot →" : "→ bot"),
      el("span", { class: "entry-name" }, name),
      entry.attempts > 1 ? el("span", { class: "again" }, `${entry.attempts} ${word("again")}`) : null,
      el("span", { class: `outcome ${look}` }, text),
      el("time", {}, new Date(entry.at).toLocaleTimeString(locale))),
    ...parts);
}
