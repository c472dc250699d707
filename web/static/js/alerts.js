/* What draws attention besides the page: a sound, the system's notification when no tab is in view, and push messages.
   Every choice is this browser's own. Of several tabs one makes the sound: the one that holds the lock. */
(() => {
  const $ = (selector) => document.querySelector(selector);
  const kept = (key, value) => {
    try { if (value === undefined) return localStorage.getItem(key); localStorage.setItem(key, value); } catch { /* a private window keeps nothing */ }
    return value;
  };
  let leads = !navigator.locks;
  navigator.locks?.request("frontdesk-alerts", () => { leads = true; return new Promise(() => {}); });

  /* Sound. Browsers let a page be heard only after a click in it; the first one anywhere will do. */
  const NOTES = { chime: [[880, 0, 0.5], [1318, 0.12, 0.7]], knock: [[180, 0, 0.08], [180, 0.16, 0.08]], bell: [[660, 0, 1.2], [1320, 0, 0.8]] };
  let audio = null;
  const waken = () => { if (kept("sound") && window.AudioContext) { audio ||= new AudioContext(); audio.resume(); } };
  document.addEventListener("pointerdown", waken);
  document.addEventListener("keydown", waken);
  const play = frontdesk.play = (name) => {
    const notes = NOTES[name];
    if (!notes || !audio || audio.state !== "running") return;
    for (const [pitch, after, lasts] of notes) {
      const tone = audio.createOscillator(), loudness = audio.createGain(), at = audio.currentTime + after;
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0.3 * Number(kept("volume") ?? 70) / 100, at);
      loudness.gain.exponentialRampToValueAtTime(0.001, at + lasts);
      tone.connect(loudness).connect(audio.destination);
      tone.start(at);
      tone.stop(at + lasts);
    }
    document.documentElement.dataset.keepPlayed = name;
  };

  /* A flag is told once in this browser, whichever tab sees it first. */
  const seen = () => JSON.parse(kept("told-flags") || "[]");
  const fresh = () => {
    const known = seen(), keys = [...document.querySelectorAll("#flags .toast")].map((toast) => toast.dataset.key);
    const found = keys.filter((key) => !known.includes(key));
    if (found.length) kept("told-flags", JSON.stringify([...known, ...found].slice(-200)));
    return found;
  };
  const tell = async (keys) => {
    play(kept("sound"));
    if (!document.hidden || kept("system-notices") !== "on" || !("Notification" in window) || Notification.permission !== "granted") return;
    const worker = await navigator.serviceWorker?.getRegistration();
    const one = keys.length === 1;
    worker?.showNotification("Human feedback needed", {
      body: one ? "A customer needs a person" : `${keys.length} customers need a person`,
      tag: one ? keys[0].split(":")[0] : "waiting",
      data: { url: one ? `/conversations/${keys[0].split(":")[0]}` : "/inbox/mine" },
    });
  };
  document.addEventListener("htmx:after:swap", () => { if (leads) { const keys = fresh(); if (keys.length) tell(keys); } });

  /* Push messages. */
  const page = $("#alerts");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat(-text.length & 3)), (c) => c.charCodeAt(0));
  const send = (subscription) => fetch("/notifications/push", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(subscription.toJSON()),
  });
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (able && (kept("push") === "on" || kept("system-notices") === "on")) {
    navigator.serviceWorker.register("/sw.js").then(async (worker) => {
      /* The server forgets a browser whose session was closed: whoever signs in again in it is told again. */
      const subscription = kept("push") === "on" && await worker.pushManager.getSubscription();
      if (subscription && sessionStorage.getItem("push-sent") !== document.body.dataset.me) {
        if ((await send(subscription)).ok) sessionStorage.setItem("push-sent", document.body.dataset.me);
      }
    }).catch(() => {});
  }
  if (!page) return;

  const say = (words, bad = false) => { const place = $("#alerts-said"); place.textContent = words; place.classList.toggle("notice--danger", bad); place.hidden = false; };
  const show = () => {
    document.querySelectorAll("[data-sound]").forEach((button) => button.setAttribute("aria-pressed", String((kept("sound") || "") === button.dataset.sound)));
    $("#volume").value = kept("volume") ?? 70;
    const denied = "Notification" in window && Notification.permission === "denied";
    $("#system-notices").setAttribute("aria-pressed", String(kept("system-notices") === "on" && !denied));
    $("#push-on").setAttribute("aria-pressed", String(kept("push") === "on" && !denied));
    for (const id of ["system-notices", "push-on"]) $(`#${id}`).disabled = !able || denied;
    $("#alerts-blocked").hidden = able && !denied;
  };
  const allowed = async () => {
    if (await Notification.requestPermission() === "granted") return true;
    say("The browser does not allow notifications of this site. Allow them in its settings for this page, then try again.", true);
    return false;
  };
  const subscribe = async () => {
    const worker = await navigator.serviceWorker.register("/sw.js");
    await navigator.serviceWorker.ready;
    const old = await worker.pushManager.getSubscription();
    await old?.unsubscribe();
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(page.dataset.key) });
    const answer = await send(subscription);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  };
  Object.assign(frontdesk.actions, {
    sound: (button) => { kept("sound", button.dataset.sound); waken(); show(); Promise.resolve(audio?.resume()).then(() => play(button.dataset.sound)); },
    "system-notices": async () => {
      if (kept("system-notices") === "on") kept("system-notices", "off");
      else if (await allowed()) { await navigator.serviceWorker.register("/sw.js"); kept("system-notices", "on"); }
      show();
    },
    "push-on": async () => {
      try {
        if (kept("push") === "on") {
          const worker = await navigator.serviceWorker.getRegistration();
          await (await worker?.pushManager.getSubscription())?.unsubscribe();
          kept("push", "off");
          say("This browser takes no push messages any more.");
        } else if (await allowed()) {
          await subscribe();
          kept("push", "on");
          say("This browser takes push messages now.");
        }
      } catch (error) {
        say(`Push messages could not be turned on: ${error.message}. Try again, or try another browser.`, true);
      }
      show();
    },
  });
  $("#volume").addEventListener("change", (event) => { kept("volume", event.target.value); play(kept("sound")); });
  page.hidden = false;
  show();
})();
