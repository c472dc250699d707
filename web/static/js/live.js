/* Live updates. The stream only says what changed; the parts that show it are asked for again and morphed in.
   Attention: a hidden tab keeps its stream (title and badge), but an open thread is not asked for there, or it would count as seen. */
const frontdesk = window.frontdesk = {};
(() => {
  const $ = (selector) => document.querySelector(selector);
  const root = document.documentElement;
  const opened = $("#live")?.dataset.now || 0;
  const PAUSE = 150, TICK = 60000, SAID = 3000, MOST_ROWS = 200;
  let dirty = new Set(), timer = null, running = false, lastSaid = 0, wasLate = false;

  const closed = () => JSON.parse(sessionStorage.getItem("closed-toasts") || "[]");
  frontdesk.closeToast = (key) => sessionStorage.setItem("closed-toasts", JSON.stringify([...closed(), key].slice(-40)));

  /* htmx names the source's own target in its header, so the real one is given by hand: the server chooses the part by it. */
  const ask = frontdesk.ask = (url, target, swap = "outerMorph") =>
    htmx.ajax("GET", url, { source: "#live", target, swap, headers: { "HX-Target": `part${target}` } });

  const listUrl = () => {
    const list = $("#list"), open = $("#thread")?.dataset.conversation;
    const url = new URL(list.dataset.url, location.origin);
    if (open) url.searchParams.set("open", open);
    url.searchParams.set("shown", document.querySelectorAll(".row").length);
    return url.pathname + url.search;
  };

  const refresh = {
    async pulse() {
      const open = document.hidden ? "" : $("#thread")?.dataset.conversation || "";
      const but = [open, ...closed().map((key) => key.split(":")[0])].filter(Boolean).join(",");
      await ask(`/pulse?after=${opened}&but=${encodeURIComponent(but)}`, "#live", "none");
    },
    async list() {
      const rows = $("#rows");
      if (!rows || $("#list .menu[open]") || $("#rows .row__check:checked")) return;
      if (rows.scrollTop > 400 && document.querySelectorAll(".row").length > MOST_ROWS) return;
      await ask(listUrl(), "#list");
    },
    async thread() {
      const thread = $("#thread[data-url]");
      if (!thread || document.hidden || thread.querySelector(".thread__head .menu[open]")) return document.hidden;
      const before = lastMessage(), atEnd = frontdesk.atEnd();
      await ask(thread.dataset.url + panelTab(thread.dataset.url), "#thread");
      if (lastMessage() !== before) { announce(); if (!atEnd) frontdesk.offerEnd(); }
    },
    async documents() { if ($("#documents") && !$("#documents .menu[open]")) await ask("/knowledge", "#documents"); },
  };

  const panelTab = (url) => {
    const shown = $("#panel")?.dataset.url;
    const tab = shown && new URL(shown, location.origin).searchParams.get("panel");
    return tab ? `${url.includes("?") ? "&" : "?"}panel=${tab}` : "";
  };
  const lastMessage = () => [...document.querySelectorAll("#messages .msg--in")].pop()?.id;

  function announce() {
    const place = $("#announce"), name = $("#thread-name")?.textContent;
    if (!place || Date.now() - lastSaid < SAID) return;
    lastSaid = Date.now();
    place.textContent = place.dataset.newMessage.replace("{name}", name);
  }

  async function run() {
    timer = null;
    if (running) return soon();
    running = true;
    const parts = [...dirty];
    dirty = new Set();
    try {
      for (const part of parts) if (await refresh[part]()) dirty.add(part);
    } finally {
      running = false;
    }
  }
  function soon(...parts) {
    parts.forEach((part) => dirty.add(part));
    if (!timer) timer = setTimeout(run, PAUSE);
  }
  frontdesk.refresh = soon;

  document.addEventListener("frontdesk:hello", () => { root.dataset.keepLive = ""; });
  document.addEventListener("frontdesk:changed", (event) => {
    const change = JSON.parse(event.detail.data);
    if (change.kind === "document") return soon("documents");
    if (change.kind === "presence") return;
    const open = $("#thread")?.dataset.conversation;
    soon("pulse", "list", ...(change.conversation && change.conversation === open ? ["thread"] : []));
  });
  document.addEventListener("frontdesk:resync", () => soon("pulse", "list", "thread", "documents"));

  document.addEventListener("htmx:sse:after:connection", () => {
    if (!wasLate) return;
    wasLate = false;
    root.dataset.keepLink = "back";
    soon("pulse", "list", "thread", "documents");
    setTimeout(() => { if (root.dataset.keepLink === "back") delete root.dataset.keepLink; }, 2000);
  });
  document.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401 || event.detail.status === 403) {
      root.dataset.keepLink = "out";
      event.detail.connection.config.reconnectMaxAttempts = 0;
      return;
    }
    late();
  });
  document.addEventListener("htmx:sse:before:connection", (event) => { if (event.detail.connection.attempt > 1) late(); });
  function late() {
    wasLate = true;
    if (root.dataset.keepLink !== "out") root.dataset.keepLink = "late";
  }
  document.addEventListener("htmx:response:error", (event) => {
    if (event.detail.ctx.response.status === 401) root.dataset.keepLink = "out";
  });
  /* The extension connects again only where it was connected once: the first attempt is ours to repeat. */
  let attempts = 0;
  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail, live = $("#live");
    if (ctx.request.action !== "/events" || ctx.response?.status < 400 || root.dataset.keepLink === "out") return;
    late();
    setTimeout(() => { if (!live._htmx?.sse) htmx.ajax("GET", "/events", { source: live }); }, Math.min(30000, 500 * 2 ** attempts++));
  });

  /* An error page of something between us and the server has no business inside a part. */
  document.addEventListener("htmx:before:swap", (event) => {
    const { response, hx } = event.detail.ctx;
    if (response && response.status >= 400 && !hx?.retarget) event.preventDefault();
  });

  const title = document.body.dataset.title;
  document.addEventListener("htmx:after:swap", () => {
    const flagged = Number($("#rail-badge")?.dataset.flagged || 0);
    document.title = (flagged ? `(${flagged}) ` : "") + title;
    if (navigator.setAppBadge) navigator.setAppBadge(flagged).catch(() => {});
  });
  const flagged = Number($("#rail-badge")?.dataset.flagged || 0);
  if (flagged) document.title = `(${flagged}) ${title}`;

  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon("thread", "list", "pulse"); });
  setInterval(() => { if (!document.hidden) soon("list", "thread"); }, TICK);
})();
