/* Uploading with progress: fetch can't tell how far it is, XMLHttpRequest can. Without this script the form sends itself. */
(() => {
  const bound = new WeakSet();
  function bind() {
    const form = document.querySelector("form[data-upload]");
    if (!form || bound.has(form)) return;
    bound.add(form);
    const say = (text) => { form.querySelector("[data-upload-state]").textContent = text; };
    const fill = (words, values) => words.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

    function send(file) {
      if (file.size > Number(form.dataset.limit)) return say(fill(form.dataset.tooLarge, { name: file.name, limit: `${Math.round(form.dataset.limit / 1e6)} MB` }));
      const request = new XMLHttpRequest(), body = new FormData();
      body.append("file", file);
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) say(fill(form.dataset.uploading, { name: file.name, percent: `${Math.round((event.loaded / event.total) * 100)}%` }));
      };
      request.onload = () => {
        const answer = new DOMParser().parseFromString(request.responseText, "text/html");
        for (const id of ["upload", "documents"]) {
          const part = answer.getElementById(id);
          if (part) document.getElementById(id).replaceWith(part);
        }
        if (!answer.getElementById("upload")) return say(form.dataset.noLink);
        htmx.process(document.getElementById("documents"));
        bind();
        frontdesk.refresh("documents");
      };
      request.onerror = () => say(form.dataset.noLink);
      request.open("POST", form.getAttribute("action"));
      request.setRequestHeader("HX-Request", "true");
      request.setRequestHeader("Accept", "text/html");
      request.send(body);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const file = form.elements.file.files[0];
      if (file) send(file);
    });
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("drop--over"); });
    form.addEventListener("dragleave", () => form.classList.remove("drop--over"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("drop--over");
      [...event.dataTransfer.files].slice(0, 1).forEach(send);
    });
  }
  bind();
})();
