/* Shows push messages and opens what they are about. It keeps no pages: without the server there is nothing to show. */
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data.json(); } catch { /* an empty or foreign message: the plain words below */ }
  const shown = { body: told.body || "Open Frontdesk to see who waits.", tag: told.tag || "waiting", data: { url: told.url || "/inbox/mine" }, renotify: true };
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window" });
    /* Whoever is looking at the dashboard sees the toast there. */
    if (open.some((client) => client.focused)) shown.silent = true, delete shown.renotify;
    await self.registration.showNotification(told.title || "Human feedback needed", shown);
    if (self.navigator.setAppBadge) await self.navigator.setAppBadge().catch(() => {});
  })());
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url || "/inbox/mine", self.location.origin);
  if (url.origin !== self.location.origin) return;
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window" });
    const there = open.find((client) => new URL(client.url).origin === url.origin);
    if (!there) return self.clients.openWindow(url);
    await there.focus();
    return there.navigate(url);
  })());
});
