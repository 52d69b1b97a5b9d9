"use strict";
(() => {
  const form = document.getElementById("filters");
  const list = document.getElementById("items");
  const opened = (one) => {
    for (const audio of one.querySelectorAll("audio[data-media]:not([src])")) {
      audio.src = document.getElementById(audio.dataset.media).value;
    }
  };
  document.addEventListener("toggle", (event) => event.target.open && opened(event.target), true);
  const all = list ? [...list.children] : [];
  const texts = new Map();
  const textOf = (one) => {
    if (!texts.has(one)) texts.set(one, one.textContent.toLowerCase());
    return texts.get(one);
  };
  const exact = ["suite", "tier", "outcome", "kind"];
  const among = ["label", "slice"];
  const wanted = (name) => (form.elements[name] ? form.elements[name].value : "");
  const order = {
    "": () => all,
    moved: () => [...all].sort((a, b) => b.dataset.moved - a.dataset.moved),
    name: () => [...all].sort((a, b) => a.id.localeCompare(b.id)),
  };
  let sorted = "";
  const show = () => {
    const text = wanted("text").toLowerCase();
    const whole = exact.map((name) => [name, wanted(name)]).filter((pair) => pair[1]);
    const parts = among.map((name) => [name, wanted(name)]).filter((pair) => pair[1]);
    let count = 0;
    for (const one of all) {
      const kept =
        whole.every(([name, value]) => one.dataset[name] === value) &&
        parts.every(([name, value]) => (one.dataset[name] || "").split("\t").includes(value)) &&
        (!text || textOf(one).includes(text));
      one.hidden = !kept;
      count += kept;
    }
    if (sorted !== wanted("sort")) {
      sorted = wanted("sort");
      list.append(...order[sorted]());
    }
    document.getElementById("count").textContent = `${count.toLocaleString("en")} of ${all.length.toLocaleString("en")} shown`;
  };
  const follow = () => {
    let name = location.hash.slice(1);
    const there = name && document.getElementById(name);
    if (!there || there.tagName !== "DETAILS") return;
    there.hidden = false;
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
    show();
  }
  window.addEventListener("hashchange", follow);
  window.addEventListener("load", () => setTimeout(follow));  // behind the way that a browser itself takes to a link
})();
