// The chat page: state, the sandbox's events, and what a click does. How things
// look is render.js; texts are words.js. Everything that changes comes back as
// an event of the sandbox, so two open pages always show the same.
import { brief, bubble, clock, colour, el, initials, journalLine } from "/render.js";
import { translate, word } from "/words.js";

const $ = (id) => document.getElementById(id);
const LARGEST_FILE = 30 * 1024 * 1024;
const KEEP_JOURNAL = 500;

const state = {
  me: { name: "", phone: "", connected: true, webhooks: {} },
  people: new Map(), groups: new Map(), messages: new Map(),
  byChat: new Map(), journal: new Map(), read: new Map(), typing: new Map(),
  chat: null, quoting: null, tab: "chat",
};

// ---- talking to the sandbox -------------------------------------------------

async function call(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const reply = await fetch(`/__sandbox/${path}`, options);
  const value = await reply.json();
  if (!reply.ok) throw new Error(value.error ?? reply.statusText);
  return value;
}

let failureTimer;

function fail(error) {
  $("failure").textContent = error.message ?? String(error);
  $("failure").hidden = false;
  clearTimeout(failureTimer);
  failureTimer = setTimeout(() => { $("failure").hidden = true; }, 8000);
}

const attempt = (promise) => promise.catch(fail);

// ---- what is known ----------------------------------------------------------

function keepMessage(m) {
  if (!state.messages.has(m.id)) {
    if (!state.byChat.has(m.chat)) state.byChat.set(m.chat, []);
    state.byChat.get(m.chat).push(m.id);
  }
  state.messages.set(m.id, m);
}

function keepState(s) {
  state.me = s;
  for (const p of s.people) state.people.set(p.phone, p);
  for (const g of s.groups) state.groups.set(g.id, g);
}

const chatOf = (id) => state.groups.get(id) ?? state.people.get(id);
const nameOf = (id) => chatOf(id)?.name ?? id;
const messagesOf = (id) => (state.byChat.get(id) ?? []).map((m) => state.messages.get(m));

// Who the page writes as: the person of the chat, or the chosen member.
function writer() {
  const group = state.groups.get(state.chat);
  return group ? $("as").value : state.chat;
}

// ---- side -------------------------------------------------------------------

function setAvatar(e, key, name, isGroup) {
  e.className = `avatar c${colour(key)}${isGroup ? " group" : ""}`;
  e.textContent = initials(name);
}

function chatRow(id, isGroup) {
  const last = messagesOf(id).at(-1);
  const avatar = el("div", { "aria-hidden": "true" });
  setAvatar(avatar, id, nameOf(id), isGroup);
  const unread = messagesOf(id).filter((m) => m.fromMe && m.at > (state.read.get(id) ?? Infinity)).length;
  const text = state.typing.has(id) ? word("typing") : last ? brief(last) : isGroup ? "" : `+${id}`;
  return el("button", {
    type: "button", class: id === state.chat ? "chat on" : "chat", "data-chat": id,
    "aria-current": id === state.chat ? "true" : false, on: { click: () => openChat(id) },
  }, avatar,
  el("span", { class: "chat-text" },
    el("span", { class: "line" }, el("strong", {}, nameOf(id)), last ? el("time", {}, clock(last.at)) : null),
    el("span", { class: "line" }, el("span", { class: state.typing.has(id) ? "last typing" : "last" }, text),
      unread ? el("span", { class: "badge", title: word("unread") }, String(unread)) : null)));
}

function drawSide() {
  const newest = (id) => messagesOf(id).at(-1)?.at ?? 0;
  const all = [...state.people.keys(), ...state.groups.keys()];
  all.sort((a, b) => newest(b) - newest(a));
  $("chats").replaceChildren(...all.map((id) => chatRow(id, state.groups.has(id))));
  $("my-name").textContent = state.me.name;
  setAvatar($("my-avatar"), "me", state.me.name || "?", false);
  $("link-dot").className = state.me.connected ? "dot on" : "dot";
  const linked = Object.keys(state.me.webhooks ?? {}).length > 0;
  $("link-text").textContent = word(state.me.connected ? "connected" : "disconnected");
  $("link-text").title = linked ? "" : word("no_webhook");
  $("connection").textContent = word(state.me.connected ? "disconnect" : "connect");
}

// ---- conversation -----------------------------------------------------------

const look = {
  get isGroup() { return state.groups.has(state.chat); },
  message: (id) => state.messages.get(id),
  myName: () => state.me.name,
  mine: (m) => !m.fromMe && m.from === writer(),
  jump(id) {
    const e = $("messages").querySelector(`[data-id="${CSS.escape(id)}"]`);
    e?.scrollIntoView({ block: "center", behavior: "smooth" });
    e?.classList.add("flash");
    setTimeout(() => e?.classList.remove("flash"), 1200);
  },
  click: (m, choice) => attempt(post({ ...choice, reply_to: m.id })),
  react(m, value) {
    const had = m.reactions.some((r) => r.by === writer() && r.value === value);
    attempt(post({ reaction: had ? "" : value, reply_to: m.id }));
  },
  remove: (m) => attempt(post({ delete: m.id })),
  quote(m) {
    state.quoting = m.id;
    drawQuoting();
    $("text").focus();
  },
};

function post(fields) {
  return call("messages", { from: writer(), chat: state.chat, ...fields });
}

function drawQuoting() {
  const m = state.messages.get(state.quoting);
  $("quoting").hidden = !m;
  if (!m) return;
  $("quoting-name").textContent = m.fromMe ? state.me.name : m.fromName;
  $("quoting-text").textContent = brief(m);
}

function drawHead() {
  const group = state.groups.get(state.chat);
  const chat = chatOf(state.chat);
  $("chat-name").textContent = chat?.name ?? "";
  if (chat) setAvatar($("chat-avatar"), state.chat, chat.name, Boolean(group));
  const members = group?.members.map(nameOf).join(", ");
  $("chat-info").textContent = state.typing.has(state.chat) ? `${state.me.name}: ${word("typing")}`
    : group ? members : chat ? `+${chat.phone}` : "";
  $("as-label").hidden = !group;
  const seats = group && [group.id, ...group.members].join(" ");
  if (group && $("as").dataset.seats !== seats) {
    const before = $("as").dataset.seats?.startsWith(group.id) ? $("as").value : null;
    $("as").replaceChildren(...group.members.map((p) => el("option", { value: p }, nameOf(p))));
    if (group.members.includes(before)) $("as").value = before;
    $("as").dataset.seats = seats;
  }
}

const nearEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 120;

function drawChat() {
  const known = Boolean(chatOf(state.chat));
  $("nobody").hidden = known;
  $("writer").hidden = !known;
  drawHead();
  const all = messagesOf(state.chat);
  const box = $("messages");
  box.replaceChildren(...all.map((m) => bubble(m, look)));
  if (known && !all.length) box.append(el("p", { class: "hint" }, word("empty_chat")));
  box.scrollTop = box.scrollHeight;
  for (const img of box.querySelectorAll("img")) img.addEventListener("load", () => { box.scrollTop = box.scrollHeight; });
  markRead();
}

// One changed message is one changed bubble: what is open and the place in a long
// conversation stay as they are.
function drawMessage(m) {
  if (m.chat !== state.chat) return;
  const box = $("messages");
  const stay = !nearEnd(box);
  const old = box.querySelector(`[data-id="${CSS.escape(m.id)}"]`);
  const fresh = bubble(m, look);
  for (const open of old?.querySelectorAll("details[open]") ?? []) fresh.querySelector(`details.${[...open.classList].join(".")}`)?.setAttribute("open", "");
  box.querySelector(".hint")?.remove();
  if (old) old.replaceWith(fresh);
  else box.append(fresh);
  if (!stay) box.scrollTop = box.scrollHeight;
  fresh.querySelector("img")?.addEventListener("load", () => { if (!stay) box.scrollTop = box.scrollHeight; });
}

function markRead() {
  const visible = state.tab === "chat" && document.visibilityState === "visible";
  if (state.chat && visible) state.read.set(state.chat, messagesOf(state.chat).at(-1)?.at ?? 0);
}

function openChat(id) {
  state.chat = id;
  state.quoting = null;
  drawQuoting();
  document.body.classList.add("in-chat");
  showTab("chat");
  drawChat();
  drawSide();
  if (matchMedia("(min-width: 760px)").matches) $("text").focus();
}

// ---- writing ----------------------------------------------------------------

function grow() {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 140)}px`;
}

let composing;

function tellTyping() {
  const from = writer();
  const chat = state.chat;
  const tell = (status) => call("presence", { from, chat, status }).catch(() => {});
  if (!composing) tell("COMPOSING");
  clearTimeout(composing);
  composing = setTimeout(() => { composing = undefined; tell("PAUSED"); }, 4000);
}

async function submit() {
  const text = $("text").value.trim();
  if (!text) return;
  clearTimeout(composing);
  composing = undefined;
  const quoted = state.quoting ?? undefined;
  await post({ text, reply_to: quoted });
  $("text").value = "";
  state.quoting = null;
  drawQuoting();
  grow();
}

function asDataUri(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

async function sendFile(file) {
  if (file.size > LARGEST_FILE) throw new Error(word("too_big"));
  const group = file.type.split("/")[0];
  const kind = ["image", "audio", "video"].includes(group) ? group : "document";
  const uri = (await asDataUri(file)).replace(/^data:;/, "data:application/octet-stream;");
  const caption = $("text").value.trim() || undefined;
  await post({ [kind]: uri, caption, fileName: kind === "document" ? file.name : undefined });
  $("text").value = "";
}

// ---- people and groups ------------------------------------------------------

let creating = "people";

function openDialog(what) {
  creating = what;
  const isGroup = what === "groups";
  $("dialog-title").textContent = word(isGroup ? "add_group" : "add_person");
  $("dialog-form").reset();
  $("dialog-error").hidden = true;
  $("dialog-phone-row").hidden = isGroup;
  $("dialog-members").hidden = !isGroup;
  const boxes = [...state.people.values()].map((p) =>
    el("label", {}, el("input", { type: "checkbox", value: p.phone, checked: true }), p.name));
  $("dialog-members").replaceChildren($("dialog-members").firstElementChild, ...boxes);
  $("dialog").showModal();
}

async function create() {
  const name = $("dialog-name").value.trim();
  const phone = $("dialog-phone").value.trim() || undefined;
  const members = [...$("dialog-members").querySelectorAll("input:checked")].map((i) => i.value);
  const made = await call(creating, creating === "groups" ? { name, members } : { name, phone });
  $("dialog").close();
  const id = made.id ?? made.phone;
  if (made.id) state.groups.set(id, made);
  else state.people.set(id, made);
  openChat(id);
}

// ---- raw --------------------------------------------------------------------

function wanted(entry) {
  return entry.direction === "call" ? $("show-calls").checked : $("show-webhooks").checked;
}

function drawJournal() {
  const lines = [...state.journal.values()].filter(wanted).reverse().map((e) => journalLine(e, false));
  $("journal").replaceChildren(...(lines.length ? lines : [el("p", { class: "hint" }, word("nothing"))]));
}

function drawEntry(entry) {
  if (state.tab !== "raw" || !wanted(entry)) return;
  const old = $("journal").querySelector(`[data-n="${Number(entry.n)}"]`);
  const fresh = journalLine(entry, old?.open);
  if (old) {
    old.replaceWith(fresh);
    return;
  }
  $("journal").querySelector(".hint")?.remove();
  $("journal").prepend(fresh);
}

function keepEntry(entry) {
  state.journal.set(entry.n, entry);
  if (state.journal.size > KEEP_JOURNAL) state.journal.delete(state.journal.keys().next().value);
}

function showTab(tab) {
  state.tab = tab;
  $("chat").hidden = tab !== "chat";
  $("raw").hidden = tab !== "raw";
  $("tab-chat").setAttribute("aria-selected", String(tab === "chat"));
  $("tab-raw").setAttribute("aria-selected", String(tab === "raw"));
  if (tab === "raw") drawJournal();
  else markRead();
}

// ---- events -----------------------------------------------------------------

function onTyping({ chat, seconds }) {
  clearTimeout(state.typing.get(chat));
  state.typing.set(chat, setTimeout(() => {
    state.typing.delete(chat);
    drawHead();
    drawSide();
  }, seconds * 1000));
  drawHead();
  drawSide();
}

function onMessage(m) {
  if (m.fromMe && state.typing.has(m.chat)) {
    clearTimeout(state.typing.get(m.chat));
    state.typing.delete(m.chat);
  }
  keepMessage(m);
  if (!state.read.has(m.chat)) state.read.set(m.chat, 0);
  drawMessage(m);
  if (m.chat === state.chat) { markRead(); drawHead(); }
  drawSide();
}

const handlers = {
  message: onMessage,
  update: onMessage,
  person(p) { state.people.set(p.phone, p); drawSide(); },
  group(g) {
    state.groups.set(g.id, g);
    drawSide();
    if (g.id === state.chat) drawHead();
  },
  journal(e) { keepEntry(e); drawEntry(e); },
  state(s) { keepState(s); drawSide(); drawHead(); },
  typing: onTyping,
};

// Everything afresh: at the start, and after the sandbox was away (it may be
// another one now).
async function load() {
  const [s, messages, journal] = await Promise.all([call("state"), call("messages"), call("journal")]);
  for (const map of [state.people, state.groups, state.messages, state.byChat, state.journal]) map.clear();
  keepState(s);
  messages.forEach(keepMessage);
  journal.forEach(keepEntry);
  for (const id of [...state.people.keys(), ...state.groups.keys()]) {
    if (!state.read.has(id)) state.read.set(id, messagesOf(id).at(-1)?.at ?? 0);
  }
  if (!chatOf(state.chat)) state.chat = s.people[0]?.phone ?? s.groups[0]?.id ?? null;
  drawSide();
  drawChat();
  showTab(state.tab);
}

function follow() {
  const source = new EventSource("/__sandbox/events");
  source.addEventListener("open", () => { $("offline").hidden = true; load().catch(fail); });
  source.addEventListener("error", () => {
    $("offline").hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  });
  for (const [name, fn] of Object.entries(handlers)) {
    source.addEventListener(name, (e) => fn(JSON.parse(e.data)));
  }
}

// ---- wiring -----------------------------------------------------------------

function wire() {
  $("writer").addEventListener("submit", (e) => { e.preventDefault(); attempt(submit()); });
  $("text").addEventListener("input", () => { grow(); tellTyping(); });
  $("text").addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    attempt(submit());
  });
  $("attach").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    const [file] = $("file").files;
    if (file) attempt(sendFile(file));
    $("file").value = "";
  });
  $("quoting-off").addEventListener("click", () => { state.quoting = null; drawQuoting(); });
  $("as").addEventListener("change", drawChat);
  $("back").addEventListener("click", () => document.body.classList.remove("in-chat"));
  $("tab-chat").addEventListener("click", () => { showTab("chat"); drawChat(); });
  $("tab-raw").addEventListener("click", () => showTab("raw"));
  $("show-calls").addEventListener("change", drawJournal);
  $("show-webhooks").addEventListener("change", drawJournal);
  $("add-person").addEventListener("click", () => openDialog("people"));
  $("add-group").addEventListener("click", () => openDialog("groups"));
  $("dialog-cancel").addEventListener("click", () => $("dialog").close());
  $("dialog-form").addEventListener("submit", (e) => {
    e.preventDefault();
    create().catch((error) => {
      $("dialog-error").textContent = error.message;
      $("dialog-error").hidden = false;
    });
  });
  $("connection").addEventListener("click", () => attempt(call("connection", { connected: !state.me.connected })));
  document.addEventListener("visibilitychange", markRead);
}

translate(document);
wire();
showTab("chat");
follow();
