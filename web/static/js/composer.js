/* Writing: a bubble at once, sent once, kept until it is sent. */
(() => {
  const $ = (selector) => document.querySelector(selector);
  const form = () => $(".composer");
  const kind = (at) => at.elements.kind?.value || "reply";
  const field = (at, which = kind(at)) => at.elements[which === "note" ? "note" : "text"];
  const attached = (at) => kind(at) === "reply" && (at.elements.files?.files.length ?? 0) > 0;
  const newId = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const draftKey = (at, which) => `draft:${at.dataset.conversation}:${which}`;
  const sent = new Map();

  /* Drafts live in this tab, one for each conversation and kind. */
  document.addEventListener("input", (event) => {
    const at = event.target.closest?.(".composer");
    if (!at || !["text", "note"].includes(event.target.name)) return;
    sessionStorage.setItem(draftKey(at, event.target.name), event.target.value);
  });
  frontdesk.restoreDraft = () => {
    const at = form();
    if (!at) return;
    for (const name of ["text", "note"]) {
      const kept = sessionStorage.getItem(draftKey(at, name));
      if (kept && at.elements[name] && !at.elements[name].value) at.elements[name].value = kept;
    }
  };
  frontdesk.write = (which) => {
    const at = form();
    const choice = at?.querySelector(`[name="kind"][value="${which}"]`);
    if (!choice || !field(at, which)) return;
    choice.checked = true;
    field(at, which).focus();
  };

  document.addEventListener("submit", (event) => {
    const at = event.target.closest?.(".composer");
    if (at && !event.submitter?.name?.startsWith("anyway") && !field(at)?.value.trim() && !attached(at)) { event.preventDefault(); event.stopImmediatePropagation(); field(at)?.focus(); }
  }, true);

  document.addEventListener("htmx:before:request", (event) => {
    const at = event.detail.ctx.sourceElement;
    if (!at.matches?.(".composer")) return;
    const which = kind(at), text = field(at).value, anyway = event.detail.ctx.request.submitter?.name === "anyway";
    const id = anyway ? event.detail.ctx.request.submitter.value : at.elements.action_id.value;
    const item = $(which === "note" ? "#sending-note" : "#sending").content.firstElementChild.cloneNode(true);
    item.dataset.action = item.dataset.message = id;
    (item.querySelector(".bubble") || item.querySelector(".bubble-text")).textContent = text.trim() || [...(at.elements.files?.files ?? [])].map((file) => file.name).join(", ");
    $("#outbox")?.append(item);
    sent.set(id, { text, which, conversation: at.dataset.conversation, item });
    field(at).value = "";
    sessionStorage.removeItem(draftKey(at, field(at).name));
    at.elements.action_id.value = newId();
    at.querySelector("#conflict")?.replaceChildren();
    frontdesk.toEnd();
  });

  const giveBack = (id) => {
    const what = sent.get(id);
    if (!what) return;
    sent.delete(id);
    what.item.remove();
    const at = form();
    if (!at || at.dataset.conversation !== what.conversation) {
      sessionStorage.setItem(`draft:${what.conversation}:${what.which === "note" ? "note" : "text"}`, what.text);
      return;
    }
    const place = field(at, what.which);
    place.value = place.value ? `${what.text}\n${place.value}` : what.text;
  };

  const settle = () => document.querySelectorAll("#outbox [data-message]").forEach((item) => {
    const text = item.querySelector(".bubble")?.textContent;
    const arrived = document.getElementById(`m-${item.dataset.message}`)
      || ("loose" in item.dataset && [...document.querySelectorAll("#messages .msg--mine .bubble")].slice(-3).some((bubble) => bubble.textContent === text));
    if (arrived) { sent.delete(item.dataset.action); item.remove(); }
  });
  document.addEventListener("htmx:after:swap", settle);

  const actionOf = (ctx) => ctx.sourceElement?.matches?.(".composer") && (ctx.request.submitter?.name === "anyway" ? ctx.request.submitter.value : ctx.request.body?.get?.("action_id"));
  document.addEventListener("frontdesk:done", (event) => {
    const { action, message, events } = event.detail;
    const what = sent.get(action);
    const wrote = form();
    if (what && wrote?.elements.files && wrote.dataset.conversation === what.conversation) wrote.elements.files.value = "";
    if (what && message) what.item.dataset.message = message;
    if (what && !message) what.item.dataset.loose = "";
    settle();
    frontdesk.refresh("pulse", "list");
    $("#conflict")?.replaceChildren();
    if (events.includes("resolved")) openNext();
    else if (events.includes("sent") && form()) field(form())?.focus({ preventScroll: true });
  });
  document.addEventListener("frontdesk:refused", (event) => { giveBack(event.detail.action); frontdesk.refresh("list", "thread"); });
  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail;
    const id = actionOf(ctx);
    if (id && (!ctx.response || ctx.response.status >= 400)) giveBack(id);
    if (!ctx.response && ctx.request.method === "POST") $("#notices")?.replaceChildren($("#no-answer").content.cloneNode(true));
  });

  /* After resolving: the row below; the first one, if the resolved conversation was not in this list any more. */
  function openNext() {
    const rows = [...document.querySelectorAll(".row__link")];
    const at = rows.findIndex((row) => row.hasAttribute("aria-current"));
    const next = rows[at + 1] || rows[at - 1];
    if (next) { next.focus({ preventScroll: true }); next.click(); }
  }

  Object.assign(frontdesk.actions, {
    "edit-again": () => { $("#conflict").replaceChildren(); field(form())?.focus(); },
    "write-again": (button) => {
      const at = form();
      if (!at?.elements.text) return;
      at.elements.text.value = button.closest(".msg").querySelector(".bubble").textContent;
      frontdesk.write("reply");
    },
  });
  frontdesk.send = () => {
    const at = form();
    const button = at?.querySelector(`[data-send="${kind(at)}"]`);
    if (button && !button.disabled) at.requestSubmit(button);
  };
  frontdesk.restoreDraft();
})();
