"use strict";
(() => {
  const form = document.getElementById("filters");
  const list = document.getElementById("items");
  const rest = document.getElementById("rest");
  const more = document.getElementById("more");
  const STEP = 200;
  const opened = (one) => {
    for (const audio of one.querySelectorAll("audio[data-media]:not([src])")) {
      audio.src = document.getElementById(audio.dataset.media).value;
    }
  };
  document.addEventListener("toggle", (event) => event.target.open && opened(event.target), true);

  // Where scripts run a noscript is a text: of the cases in it nodes are made when they are shown, and not before.
  const parsed = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return [...template.content.children];
  };
  const all = list ? [...list.children].map((node) => ({ node })) : [];
  if (rest) all.push(...rest.textContent.split(/(?=<details class="item")/).filter((html) => html.trim()).map((html) => ({ html })));
  const nodeOf = (one) => (one.node ??= parsed(one.html)[0]);
  let known = false;
  const know = () => {  // what each case is called and filtered by: of those without nodes from their first tags alone
    if (known) return;
    const heads = parsed(all.map(({ html }) => (html ? `${html.slice(0, html.indexOf(">") + 1)}</details>` : "")).join(""));
    let next = 0;
    for (const one of all) {
      const head = one.html ? heads[next++] : one.node;
      one.id = head.id;
      one.data = head.dataset;
    }
    known = true;
  };
  const LETTERS = { "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'", "&amp;": "&" };
  const textOf = (one) =>
    (one.text ??= (one.html ? one.html.replace(/<[^>]*>/g, "").replace(/&[^;]*;/g, (name) => LETTERS[name]) : one.node.textContent).toLowerCase());

  const exact = ["suite", "tier", "outcome", "kind"];
  const among = ["label", "slice"];
  const wanted = (name) => (form.elements[name] ? form.elements[name].value : "");
  const order = {
    "": (these) => these,
    moved: (these) => these.sort((a, b) => b.data.moved - a.data.moved),
    name: (these) => these.sort((a, b) => a.id.localeCompare(b.id)),
  };
  let kept = all;
  let count = Math.min(STEP, all.length);
  const tell = () => {
    const [some, whole, seen] = [kept.length, all.length, count].map((number) => number.toLocaleString("en"));
    document.getElementById("count").textContent = `${some} of ${whole}${count < kept.length ? `, the first ${seen} below` : ""}`;
    if (more) more.hidden = count >= kept.length;
  };
  const show = () => {
    know();
    const text = wanted("text").toLowerCase();
    const whole = exact.map((name) => [name, wanted(name)]).filter((pair) => pair[1]);
    const parts = among.map((name) => [name, wanted(name)]).filter((pair) => pair[1]);
    kept = order[wanted("sort")](all.filter(
      (one) =>
        whole.every(([name, value]) => one.data[name] === value) &&
        parts.every(([name, value]) => (one.data[name] || "").split("\t").includes(value)) &&
        (!text || textOf(one).includes(text)),
    ));
    count = Math.min(STEP, kept.length);
    list.replaceChildren(...kept.slice(0, count).map(nodeOf));
    tell();
  };
  const showMore = () => {
    const added = kept.slice(count, count + STEP).map(nodeOf);
    count += added.length;
    list.append(...added);
    tell();
    added[0].querySelector("summary").focus();
  };
  const follow = () => {
    const name = location.hash.slice(1);
    if (!name || !list) return;
    let there = document.getElementById(name);
    if (!there && form) {
      know();
      const one = all.find((one) => one.id === name);
      if (one) list.prepend((there = nodeOf(one)));
    }
    if (!there || there.tagName !== "DETAILS") return;
    there.open = true;
    there.scrollIntoView();
    there.querySelector("summary").focus();
  };
  if (form) {
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(show));
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-outcome]");
      if (!link) return;
      form.reset();
      for (const name of ["suite", "tier", "outcome"]) {
        if (form.elements[name]) form.elements[name].value = link.dataset[name];
      }
      show();
    });
    if (more) more.addEventListener("click", showMore);
    tell();
  }
  window.addEventListener("hashchange", follow);
  window.addEventListener("load", () => setTimeout(follow));  // behind the way that a browser itself takes to a link
})();
