/* Who else is here: says when somebody types, and takes over what colleagues do. The signs themselves are htmx's, every ten seconds. */
(() => {
  const STILL = 8000, AGAIN = 5000;
  let said = 0, still = null;
  const line = () => document.querySelector("#presence");
  const say = (typing) => {
    const at = line();
    if (!at || document.hidden) return;
    at.elements.typing.value = typing ? "1" : "";
    said = typing ? Date.now() : 0;
    htmx.trigger(at, "frontdesk:typing");
  };
  document.addEventListener("input", (event) => {
    if (!event.target.closest?.(".composer") || !["text", "note"].includes(event.target.name)) return;
    clearTimeout(still);
    still = setTimeout(() => say(false), STILL);
    if (Date.now() - said > AGAIN) say(true);
  });
  /* A hidden tab is not somebody who looks. */
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden && event.detail.ctx.sourceElement.id === "presence") event.preventDefault();
  });
  document.addEventListener("frontdesk:changed", (event) => {
    const change = JSON.parse(event.detail.data), at = line();
    if (change.kind !== "presence" || !at || at.dataset.conversation !== change.conversation) return;
    frontdesk.ask(`/conversations/${change.conversation}/presence`, "#presence");
  });
})();
