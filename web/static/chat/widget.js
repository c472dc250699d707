/* <script src="https://YOUR-FRONTDESK/widget.js" data-inbox="INBOX" async></script>
   Adds a button to the page and, once it is opened, the chat in a frame. Settings: data-inbox, data-side="left". */
(() => {
  "use strict";
  const script = document.currentScript;
  const inbox = script?.dataset.inbox;
  if (!inbox || window.frontdeskChat) return;
  const origin = new URL(script.src).origin;
  const address = `${origin}/chat/${encodeURIComponent(inbox)}`;
  const side = script.dataset.side === "left" ? "left" : "right";
  const language = document.documentElement.lang;
  const asked = language ? `lang=${encodeURIComponent(language)}` : "";
  const narrow = matchMedia("(max-width: 479px)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const words = { label: "Open chat", close: "Close chat" };
  const flag = `frontdesk:${inbox}`;
  const remember = (value) => { try { return value ? localStorage.setItem(flag, value) : localStorage.getItem(flag); } catch { return null; } };

  /* By the style object: a strict content security policy of the host page forbids style attributes, not this. */
  const style = (node, rules) => { for (const [name, value] of Object.entries(rules)) node.style.setProperty(name, value); };
  const svg = (paths) => {
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: 26, height: 26, fill: "none", stroke: "currentColor", "stroke-width": 1.75, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) icon.setAttribute(name, value);
    for (const d of paths) icon.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path")).setAttribute("d", d);
    style(icon, { display: "block" });
    return icon;
  };
  const closed = svg(["M2.992 16.342a2 2 0 0 1 .094 1.167l-1.065 3.29a1 1 0 0 0 1.236 1.168l3.413-.998a2 2 0 0 1 1.099.092 10 10 0 1 0-4.777-4.719"]);
  const opened = svg(["m6 9 6 6 6-6"]);

  const button = document.createElement("button");
  button.type = "button";
  style(button, {
    all: "initial", position: "fixed", bottom: "20px", [side]: "20px", "z-index": "2147483000", width: "56px", height: "56px",
    display: "grid", "place-items": "center", "border-radius": "50%", cursor: "pointer", "box-shadow": "0 2px 6px rgb(0 0 0/.12),0 8px 24px rgb(0 0 0/.2)",
    background: "#4a46d8", color: "#ffffff", "box-sizing": "border-box", "-webkit-tap-highlight-color": "transparent",
  });
  const badge = document.createElement("span");
  style(badge, {
    position: "absolute", top: "-2px", [side]: "-2px", display: "none", "min-width": "20px", height: "20px", padding: "0 5px", "box-sizing": "border-box",
    "border-radius": "10px", background: "#c2410c", color: "#ffffff", font: "600 12px/20px system-ui,sans-serif", "text-align": "center", "box-shadow": "0 0 0 2px #ffffff",
  });
  button.append(closed, badge);
  button.addEventListener("focus", () => { if (button.matches(":focus-visible")) style(button, { outline: "3px solid #ffffff", "outline-offset": "-6px" }); });
  button.addEventListener("blur", () => button.style.removeProperty("outline"));

  let frame = null, open = false, ready = false;
  const post = (name) => { if (ready) frame.contentWindow.postMessage({ frontdesk: name }, origin); };
  const layout = () => {
    if (!frame) return;
    const full = narrow.matches;
    style(frame, {
      position: "fixed", "z-index": "2147483001", border: "0", display: open ? "block" : "none", "color-scheme": "normal", background: "transparent",
      top: full ? "0" : "auto", bottom: full ? "0" : "88px", left: full ? "0" : side === "left" ? "20px" : "auto", right: full ? "0" : side === "left" ? "auto" : "20px",
      width: full ? "100%" : "384px", height: full ? "100%" : "min(640px, calc(100vh - 108px))", "max-width": full ? "none" : "calc(100vw - 40px)",
      "border-radius": full ? "0" : "14px", "box-shadow": full ? "none" : "0 2px 6px rgb(0 0 0/.08),0 16px 40px rgb(0 0 0/.22)",
    });
  };
  const build = () => {
    frame = document.createElement("iframe");
    frame.title = words.label;
    frame.src = `${address}?embed=1${asked && "&" + asked}`;
    layout();
    document.body.appendChild(frame);
  };
  const name = () => {
    button.setAttribute("aria-label", open ? words.close : words.label);
    button.setAttribute("aria-expanded", String(open));
  };
  const show = (want) => {
    if (want === open) return;
    open = want;
    if (open && !frame) build();
    if (open) remember("1");
    button.replaceChild(open ? opened : closed, button.firstChild);
    layout();
    name();
    post(open ? "open" : "close");
    if (open) {
      if (!still.matches) frame.animate?.([{ opacity: 0, transform: "translateY(12px)" }, { opacity: 1, transform: "none" }], { duration: 160, easing: "cubic-bezier(.2,.8,.2,1)" });
      frame.focus();
    } else button.focus();
  };
  button.addEventListener("click", () => show(!open));
  addEventListener("keydown", (event) => { if (event.key === "Escape" && open) show(false); });
  narrow.addEventListener?.("change", layout);
  addEventListener("message", (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== origin) return;
    const { frontdesk, count } = event.data ?? {};
    if (frontdesk === "ready") { ready = true; post(open ? "open" : "close"); }
    if (frontdesk === "close") show(false);
    if (frontdesk === "unread") {
      badge.textContent = count > 9 ? "9+" : String(count);
      style(badge, { display: count > 0 && !open ? "block" : "none" });
    }
  });

  window.frontdeskChat = { open: () => show(true), close: () => show(false) };
  const start = () => {
    name();
    document.body.appendChild(button);
    /* Who has written before is told of answers without opening the chat. */
    if (remember()) build();
    fetch(`${address}/widget.json${asked && "?" + asked}`).then((answer) => answer.json()).then((look) => {
      style(button, { background: look.colour, color: look.ink });
      Object.assign(words, { label: look.label, close: look.close });
      name();
    }).catch(() => {});
  };
  if (document.body) start(); else addEventListener("DOMContentLoaded", start);
})();
