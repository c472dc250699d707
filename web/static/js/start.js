/* Runs before anything is painted: theme, closed panel, and the time zone for the server's times. */
(() => {
  const root = document.documentElement;
  const kept = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const theme = kept("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (kept("panel") === "closed") root.dataset.keepPanel = "closed";
  root.dataset.keepJs = "";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `zone=${zone};path=/;max-age=31536000;samesite=lax`;
})();
