// Makes the pages live. Every page is whole without it: the server renders all
// markup, and this script only swaps the sections marked data-live for newer
// ones, and changes the classes of the graph as the stream tells them.
(() => {
  "use strict";
  const signs = {
    running: "▶", succeeded: "✔", failed: "✖", caught: "↷", retrying: "↻", waiting: "◷", aborted: "■",
  };
  const page = document.body.dataset;
  const link = document.getElementById("link");
  const say = (text) => {
    link.hidden = !text;
    link.textContent = text;
  };

  // One refresh at a time, at most one a second, none while nobody looks.
  let wanted = false, busy = false;
  async function refresh() {
    if (busy || document.hidden) {
      wanted = true;
      return;
    }
    busy = true;
    wanted = false;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The stream says that the server is gone.
    }
    setTimeout(() => {
      busy = false;
      if (wanted) refresh();
    }, 1000);
  }

  function swap(fresh) {
    for (const section of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${section.dataset.live}"]`);
      if (!next || next.innerHTML === section.innerHTML || section.contains(document.activeElement)) continue;
      for (const d of section.querySelectorAll("details[id]")) {
        const other = next.querySelector("#" + CSS.escape(d.id));
        if (other) other.open = d.open;
      }
      section.replaceWith(document.adoptNode(next));
    }
  }

  function paint(d) {
    for (const node of document.querySelectorAll("#graph .node")) {
      if (node.dataset.state !== d.state) continue;
      node.setAttribute("class", (node.classList.contains("box") ? "node box " : "node ") + d.class);
      node.setAttribute("aria-label", `${d.state}, ${node.dataset.type}, ${d.class}`);
      const sign = node.querySelector(".sign");
      if (sign) sign.textContent = signs[d.class] || "";
    }
  }

  function listen(url, handlers) {
    const source = new EventSource(url);
    source.onopen = () => say("live");
    source.onerror = () => say("connection lost, trying again");
    for (const [name, f] of Object.entries(handlers)) {
      source.addEventListener(name, (e) => f(JSON.parse(e.data), source));
    }
    document.addEventListener("visibilitychange", () => { if (wanted) refresh(); });
  }

  if (page.page === "list") {
    listen("/-/v1/events", { execution: refresh, resync: refresh });
  }
  if (page.page === "execution" && "running" in page) {
    listen(`/-/v1/executions/${encodeURIComponent(page.arn)}/events?after=${page.after}`, {
      state: paint,
      history: refresh,
      status: (d, source) => {
        refresh();
        if (d.status !== "RUNNING") {
          source.close();
          say("");
        }
      },
    });
  }
})();
