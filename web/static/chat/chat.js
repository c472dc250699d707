/* Makes the chat page live. Without it the same page works by forms. */
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const chat = $("chat"), log = $("log"), typing = $("typing"), waiting = $("waiting"), bar = $("bar"), pill = $("pill");
  const composer = $("composer"), text = $("text"), files = $("files"), chosen = $("chosen"), error = $("error");
  const { base, ...t } = chat.dataset, embed = "embed" in chat.dataset, said = (name) => t["t" + name];
  const store = (() => { try { const s = window.localStorage; s.getItem("x"); return s; } catch { return null; } })();
  const kept = (key, value) => {
    key = `frontdesk:${key}:${base}`;
    try {
      if (value === undefined) return JSON.parse(store?.getItem(key) ?? "null");
      if (value === null) store?.removeItem(key); else store?.setItem(key, JSON.stringify(value));
    } catch { /* full or forbidden: the page lives without */ }
    return value;
  };
  const uuid = () => crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

  /* Who we are: the page has its cookie; where there is none (a frame on another site) a token is kept here. */
  let named = embed, token = kept("visitor"), naming = null;
  const name = () => naming ??= fetch(`${base}/session`).then((answer) => answer.json())
    .then((session) => { token = kept("visitor", session.token); }).finally(() => { naming = null; });
  const call = async (path, options = {}, again = true) => {
    if (named && !token) await name();
    const answer = await fetch(base + path, { ...options, headers: { ...options.headers, ...(named && { authorization: `Bearer ${token}` }) } });
    if (!again || (answer.status !== 401 && answer.status !== 403)) return answer;
    if (named) token = null;
    named = true;
    return call(path, options, false);
  };

  /* Showing */
  let stick = true;
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const toEnd = (smooth) => {
    log.scrollTo({ top: log.scrollHeight, behavior: smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches ? "smooth" : "auto" });
    pill.hidden = stick = true;
  };
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  const localTimes = (root) => root.querySelectorAll("time").forEach((time) => {
    const at = new Date(time.dateTime);
    time.textContent = (at.toDateString() === new Date().toDateString() ? clock : day).format(at);
  });
  const place = (node) => {
    let before = typing;
    while (before.previousElementSibling) {
      const prior = before.previousElementSibling;
      if (!prior.dataset.state && !(prior.dataset.at > node.dataset.at)) break;
      before = prior;
    }
    log.insertBefore(node, node.dataset.state ? typing : before);
  };
  /* Of messages that follow each other at once, only the last shows its time. */
  const tidy = () => {
    const all = [...log.querySelectorAll(".msg[data-at]")];
    all.forEach((node, index) => {
      const next = all[index + 1];
      node.classList.toggle("soon", Boolean(next) && new Date(next.dataset.at) - new Date(node.dataset.at) < 120000);
    });
  };
  const parsed = (html) => { const box = document.createElement("template"); box.innerHTML = html; return box.content.firstElementChild; };

  let unseen = 0, shown = !embed, quiet = 0;
  const title = document.title;
  const seen = () => { unseen = 0; tell(); };
  const tell = () => {
    document.title = unseen ? `(${unseen}) ${title}` : title;
    if (embed) parent.postMessage({ frontdesk: "unread", count: unseen }, "*");
  };
  const thinking = (on) => {
    clearTimeout(quiet);
    typing.hidden = !on;
    if (on) quiet = setTimeout(() => { typing.hidden = true; }, 90000);
  };
  const setState = (state, person) => {
    chat.dataset.state = state;
    waiting.hidden = state !== "waiting";
    thinking(state === "thinking");
    const words = state === "waiting" ? said("Waiting") : state !== "person" ? said("Ready")
      : person ? said("Here").replace("{name}", person) : said("HereUnnamed");
    if ($("status").textContent !== words) $("status").textContent = words;
  };
  let first = true;
  const show = ({ state, person, messages }) => {
    const stay = first || stick;
    let fresh = 0;
    for (const message of messages) {
      if ($("m-" + message.id)) continue;
      const node = parsed(message.html);
      const mine = message.client_id && log.querySelector(`[data-state][data-client="${CSS.escape(message.client_id)}"]`);
      localTimes(node);
      if (mine) mine.replaceWith(node);
      else { if (!first) node.classList.add("fresh"); place(node); }
      if (message.client_id) forget(message.client_id);
      if (message.sender !== "customer") fresh++;
    }
    tidy();
    /* Our own message may not be written down yet: the bot is at it all the same. */
    setState(state === "bot" && log.querySelector('[data-state="sent"]') ? "thinking" : state, person);
    if (!first && fresh && (document.hidden || !shown)) { unseen += fresh; tell(); }
    if (stay) toEnd(!first); else if (fresh) pill.hidden = false;
    first = false;
  };

  /* Sending: a message is kept until the server shows it, and is sent again under the same id. */
  const outbox = new Map((kept("outbox") ?? []).map((item) => [item.id, item]));
  const keep = () => kept("outbox", outbox.size ? [...outbox.values()].map(({ id, text: words }) => ({ id, text: words })) : null);
  const forget = (id) => { if (outbox.delete(id)) keep(); };
  const mark = (item, state, words) => {
    item.node.dataset.state = state;
    item.node.querySelector(".when span").textContent = words ?? said({ sending: "Sending", sent: "Sent", failed: "Failed" }[state]);
    item.node.querySelector(".retry").hidden = state !== "failed" || item.final;
  };
  const bubble = (item) => {
    item.node = $("pending").content.firstElementChild.cloneNode(true);
    item.node.dataset.client = item.id;
    const words = item.node.querySelector(".bubble");
    words.textContent = [item.text, ...(item.files ?? []).map((file) => `📎 ${file.name}`)].filter(Boolean).join("\n");
    item.node.querySelector(".retry").addEventListener("click", () => post(item));
    item.node.dataset.state = "sending";
    place(item.node);
  };
  const post = async (item) => {
    mark(item, "sending");
    const form = new FormData();
    form.set("id", item.id);
    form.set("text", item.text);
    for (const file of item.files ?? []) form.append("files", file);
    try {
      const answer = await call("/messages", { method: "POST", body: form, headers: { accept: "application/json" } });
      if (answer.ok) {
        mark(item, "sent");
        if (!["waiting", "person"].includes(chat.dataset.state)) thinking(true);
        return;
      }
      const problem = await answer.json().catch(() => ({}));
      item.final = answer.status < 500 && answer.status !== 429;
      item.lost = false;
      if (item.final) forget(item.id);
      mark(item, "failed", problem.title && `${said("Failed")}: ${problem.title}`);
    } catch {
      item.lost = true;
      mark(item, "failed");
    }
    if (stick) toEnd(true);
  };
  const send = (words, attached = []) => {
    const item = { id: uuid(), text: words, files: attached };
    outbox.set(item.id, item);
    if (!attached.length) keep();
    bubble(item);
    toEnd(true);
    post(item);
  };

  let picked = [];
  const complain = (words) => { error.textContent = words ?? ""; error.hidden = !words; };
  const showPicked = () => {
    chosen.replaceChildren(...picked.map((file) => {
      const item = document.createElement("li"), name = document.createElement("span"), drop = document.createElement("button");
      name.textContent = file.name;
      drop.type = "button";
      drop.textContent = "×";
      drop.setAttribute("aria-label", `${said("Remove")} ${file.name}`);
      drop.addEventListener("click", () => { picked = picked.filter((other) => other !== file); showPicked(); text.focus(); });
      item.append(name, drop);
      return item;
    }));
    grow();
  };
  const pick = (list) => {
    const all = [...picked, ...list];
    complain(all.length > 5 ? said("TooMany") : all.reduce((sum, file) => sum + file.size, 0) > 1e7 ? said("TooLarge") : null);
    if (error.hidden) picked = all;
    showPicked();
  };
  const grow = () => {
    composer.classList.toggle("empty", !text.value.trim() && !picked.length);
    if (!CSS.supports("field-sizing", "content")) { text.style.height = "auto"; text.style.height = `${text.scrollHeight}px`; }
  };
  files.addEventListener("change", () => { pick(files.files); files.value = ""; text.focus(); });
  text.addEventListener("paste", (event) => { if (event.clipboardData.files.length) { event.preventDefault(); pick(event.clipboardData.files); } });
  log.addEventListener("dragover", (event) => event.preventDefault());
  log.addEventListener("drop", (event) => { event.preventDefault(); pick(event.dataTransfer.files); });
  text.addEventListener("input", () => { grow(); kept("draft", text.value || null); });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); composer.requestSubmit(); }
  });
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (!words && !picked.length) return text.focus();
    send(words, picked);
    picked = [];
    text.value = "";
    kept("draft", null);
    complain(null);
    showPicked();
    text.focus();
  });
  document.addEventListener("submit", (event) => {
    if (!("quick" in event.target.dataset)) return;
    event.preventDefault();
    send(event.submitter.value);
    if (matchMedia("(hover: hover)").matches) text.focus();
  });

  /* Listening: one stream, opened again with the last id whenever it breaks. */
  let last = "", abort = null, alive = 0, wake = () => {};
  const online = (on) => {
    if (on && bar.dataset.kind === "late") {
      bar.dataset.kind = "back";
      bar.textContent = said("Back");
      setTimeout(() => { if (bar.dataset.kind === "back") { delete bar.dataset.kind; bar.textContent = ""; } }, 2000);
    } else if (!on && bar.dataset.kind !== "late") {
      bar.dataset.kind = "late";
      bar.textContent = said("Reconnecting");
    }
    if (on) for (const item of outbox.values()) if (item.lost && item.node?.dataset.state === "failed") post(item);
  };
  const read = async (body) => {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive = Date.now();
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const field = (name) => part.split("\n").filter((line) => line.startsWith(name + ": ")).map((line) => line.slice(name.length + 2)).join("\n");
        last = field("id") || last;
        if (field("data")) show(JSON.parse(field("data")));
      }
    }
  };
  const listen = async () => {
    for (let wait = 500; ; wait = Math.min(wait * 2, 15000)) {
      abort = new AbortController();
      let late = 0;
      try {
        late = setTimeout(() => online(false), 3000);
        alive = Date.now();
        const answer = await call("/events", { signal: abort.signal, cache: "no-store", headers: last ? { "last-event-id": last } : {} });
        clearTimeout(late);
        if (answer.ok) { online(true); wait = 500; await read(answer.body); }
      } catch { /* broken off: below */ }
      clearTimeout(late);
      late = setTimeout(() => online(false), 1500);
      await Promise.race([sleep(wait * (0.7 + Math.random() * 0.6)), new Promise((done) => { wake = done; })]);
      clearTimeout(late);
    }
  };
  const again = () => { abort?.abort(); wake(); };
  setInterval(() => { if (Date.now() - alive > 40000) again(); }, 10000);
  addEventListener("online", again);
  addEventListener("offline", () => online(false));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (shown) seen();
    if (Date.now() - alive > 20000) again();
  });

  pill.addEventListener("click", () => { toEnd(true); log.focus(); });
  /* Who has not scrolled up stays at the end, whatever grows: a picture that loads, the field, the keyboard. */
  let height = 0;
  log.addEventListener("scroll", () => {
    if (atEnd()) pill.hidden = stick = true;
    else if (log.scrollTop < height) stick = false;
    height = log.scrollTop;
  }, { passive: true });
  log.addEventListener("load", () => { if (stick) toEnd(); }, true);
  new ResizeObserver(() => { if (stick) toEnd(); }).observe(log);
  /* Browsers that lay the keyboard over the page instead of resizing it. */
  window.visualViewport?.addEventListener("resize", () => {
    const covered = window.innerHeight - visualViewport.height > 80;
    if (covered) { document.documentElement.style.setProperty("--height", `${visualViewport.height}px`); scrollTo(0, 0); }
    else document.documentElement.style.removeProperty("--height");
  });
  if (embed) {
    const close = () => parent.postMessage({ frontdesk: "close" }, "*");
    $("close").addEventListener("click", close);
    addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
    addEventListener("message", ({ source, data }) => {
      if (source !== parent || !data?.frontdesk) return;
      shown = data.frontdesk === "open";
      if (shown) { seen(); toEnd(); text.focus(); }
    });
    parent.postMessage({ frontdesk: "ready" }, "*");
  }

  localTimes(log);
  tidy();
  if (!text.value) text.value = kept("draft") ?? "";
  for (const item of outbox.values()) {
    if (log.querySelector(`[data-client="${CSS.escape(item.id)}"]`)) outbox.delete(item.id);
    else { bubble(item); post(item); }
  }
  keep();
  grow();
  toEnd();
  listen();
})();
