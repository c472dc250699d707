/* Single keys work outside fields and can be switched off; Ctrl+Enter and Esc work everywhere. */
(() => {
  const $ = (selector) => document.querySelector(selector);
  const off = () => { try { return localStorage.getItem("single-keys") === "off"; } catch { return false; } };
  const box = $('[data-do="single-keys"]');
  if (box) {
    box.checked = !off();
    box.addEventListener("change", () => { try { localStorage.setItem("single-keys", box.checked ? "on" : "off"); } catch { /* nothing to keep it in */ } });
  }

  const move = (step) => {
    const rows = [...document.querySelectorAll(".row__link")];
    if (!rows.length) return;
    const focused = rows.indexOf(document.activeElement.closest?.(".row__link"));
    const from = focused >= 0 ? focused : rows.findIndex((row) => row.hasAttribute("aria-current"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, from < 0 ? 0 : from + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const submit = (name) => {
    const id = $("#thread")?.dataset.conversation;
    const form = id && document.getElementById(`${name}-${id}`);
    if (form && !form.querySelector("button:disabled")) form.requestSubmit();
  };
  const menu = (key) => { const summary = $(`.thread__head [data-key="${key}"]`); if (summary) summary.parentElement.open = true; };

  const keys = {
    j: () => move(1), k: () => move(-1),
    r: () => frontdesk.write("reply"), n: () => frontdesk.write("note"),
    t: () => submit("take"), b: () => submit("release"), e: () => submit("resolve"),
    a: () => menu("a"), h: () => menu("h"),
    "]": () => frontdesk.togglePanel(),
    "/": () => { const search = $("#search"); search?.focus(); search?.select(); },
    "?": () => $("#keys")?.showModal(),
  };

  function escape(event) {
    const open = $(".menu[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); return; }
    if ("keepDrawer" in document.documentElement.dataset) return frontdesk.togglePanel();
    if ($("dialog[open]")) return;
    const back = $('.thread__head [data-do="back"]');
    if (back?.offsetParent && !event.target.matches("textarea, input")) return back.click();
    const row = $(".row__link[aria-current]") || $(".row__link");
    row?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape") return escape(event);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      if (event.target.closest(".composer")) { event.preventDefault(); frontdesk.send(); }
      return;
    }
    const typing = event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]") || off()) return;
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action) { event.preventDefault(); action(); }
  });
})();
