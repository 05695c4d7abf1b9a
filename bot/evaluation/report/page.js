"use strict";
(() => {
  const form = document.getElementById("filters");
  const turns = [...document.querySelectorAll(".turn")];
  if (!form || !turns.length) return;
  const said = document.getElementById("said");
  const texts = new Map();
  const textOf = (turn) => {
    if (!texts.has(turn)) texts.set(turn, turn.textContent.toLowerCase());
    return texts.get(turn);
  };
  const narrow = () => {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = [...form.querySelectorAll("select")].filter((select) => select.selectedIndex > 0);
    let count = 0;
    for (const turn of turns) {
      const fits =
        chosen.every((select) => turn.dataset[select.name] === select.value) &&
        words.every((word) => textOf(turn).includes(word));
      turn.hidden = !fits;
      count += fits;
    }
    said.textContent = `${count.toLocaleString("en")} of ${turns.length.toLocaleString("en")} shown`;
  };
  const open = (all) => turns.forEach((turn) => { if (!turn.hidden) turn.open = all; });
  form.addEventListener("input", narrow);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(narrow));
  document.getElementById("open").addEventListener("click", () => open(true));
  document.getElementById("close").addEventListener("click", () => open(false));
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
  form.hidden = false;
  narrow();
})();
