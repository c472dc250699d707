/* Panes: which conversation is open, the panel as a drawer, menus, toasts, theme, and going back without losing the list's place. */
(() => {
  const $ = (selector) => document.querySelector(selector);
  const root = document.documentElement;
  const wide = matchMedia("(min-width: 1280px)");
  let drawerFrom = null;

  let open = $("#thread")?.dataset.conversation;
  const mark = (id) => {
    open = id;
    document.querySelectorAll(".row__link").forEach((link) => {
      if (link.dataset.conversation === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  };

  /* The stream: its end is in view unless somebody scrolled up. */
  const stream = () => $(".stream");
  frontdesk.atEnd = () => { const at = stream(); return !at || Math.abs(at.scrollTop) < 60; };
  frontdesk.toEnd = () => { const at = stream(); if (at) at.scrollTop = at.scrollHeight; const pill = $(".pill-new"); if (pill) pill.hidden = true; };
  frontdesk.offerEnd = () => { const pill = $(".pill-new"); if (pill) pill.hidden = false; };
  document.addEventListener("scroll", (event) => {
    if (event.target === stream() && frontdesk.atEnd()) { const pill = $(".pill-new"); if (pill) pill.hidden = true; }
  }, true);

  document.addEventListener("htmx:before:request", (event) => {
    const link = event.detail.ctx.sourceElement;
    if (link.matches?.(".row__link")) mark(link.dataset.conversation);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const { sourceElement: from, request } = event.detail.ctx;
    if (from?.matches?.(".row__link")) {
      $("#thread-name")?.focus({ preventScroll: true });
      frontdesk.restoreDraft();
      frontdesk.refresh("list");
    }
    if (from?.dataset?.do === "back" || request?.back) {
      const last = $(`.row__link[data-conversation="${frontdesk.lastOpen || ""}"]`);
      mark(null);
      last?.focus({ preventScroll: true });
    }
    mark(open);
    frontdesk.lastOpen = $("#thread")?.dataset.conversation || frontdesk.lastOpen;
  });

  /* Back and forward inside the inbox: morph the page's parts, so that the list keeps its scroll. */
  document.addEventListener("htmx:before:history:restore", (event) => {
    const { path } = event.detail;
    if (!$("#inbox") || !path.startsWith("/inbox/")) return;
    event.preventDefault();
    mark(path.split(/[/?]/)[3]);
    frontdesk.ask(path, "#thread", "outerHTML").then(frontdesk.restoreDraft);
  });

  const openDrawer = () => {
    if (wide.matches) { delete root.dataset.keepPanel; keep("panel", "open"); return; }
    drawerFrom = document.activeElement;
    root.dataset.keepDrawer = "";
    [$("#list"), $("#thread"), $(".rail")].forEach((pane) => pane?.setAttribute("inert", ""));
    $("#panel .panel__tabs a")?.focus();
  };
  const closeDrawer = () => {
    if (wide.matches && !("keepDrawer" in root.dataset)) { root.dataset.keepPanel = "closed"; keep("panel", "closed"); return; }
    delete root.dataset.keepDrawer;
    [$("#list"), $("#thread"), $(".rail")].forEach((pane) => pane?.removeAttribute("inert"));
    drawerFrom?.isConnected ? drawerFrom.focus() : $("#thread-name")?.focus();
  };
  frontdesk.togglePanel = () => {
    const shown = wide.matches ? root.dataset.keepPanel !== "closed" : "keepDrawer" in root.dataset;
    shown ? closeDrawer() : openDrawer();
  };
  wide.addEventListener("change", () => { if ("keepDrawer" in root.dataset) closeDrawer(); });
  const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private windows keep nothing */ } };

  const actions = {
    "panel-open": openDrawer,
    "panel-close": closeDrawer,
    "to-end": frontdesk.toEnd,
    "show-keys": () => $("#keys").showModal(),
    "close-notice": () => $("#notices").replaceChildren(),
    "close-toast": (button) => { const toast = button.closest(".toast"); frontdesk.closeToast(toast.dataset.key); toast.remove(); },
    copy: (button) => { const field = button.parentElement.querySelector("input"); field.select(); navigator.clipboard?.writeText(field.value); },
    theme: (button) => {
      const value = button.dataset.value;
      if (value === "system") delete root.dataset.theme; else root.dataset.theme = value;
      keep("theme", value);
      showTheme();
    },
  };
  frontdesk.actions = actions;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    const action = button && actions[button.dataset.do];
    if (action) { event.preventDefault(); action(button); }
    document.querySelectorAll(".menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".menu") && event.target.open) event.target.querySelector(".menu__list a, .menu__list button:not(:disabled), .menu__list input:not([type=hidden])")?.focus({ preventScroll: true });
  }, true);
  document.addEventListener("htmx:before:request", (event) => { event.detail.ctx.sourceElement.closest?.(".menu")?.removeAttribute("open"); });

  const showTheme = () => document.querySelectorAll('[data-do="theme"]').forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.value === (root.dataset.theme || "system"))));
  showTheme();
})();
