"use strict";
(() => {
  const tip = document.getElementById("tip"), root = document.documentElement;
  const TIMED = "[data-chart]:not([data-chart=curve]) .plot";
  const bodyOf = (load) => document.querySelector(`[data-parts="${load}"] tbody`);
  const heads = [...(document.querySelector("[data-parts] thead tr")?.cells ?? [])].map((cell) => cell.textContent);
  const state = { load: -1, part: -1 };

  // The tables say all that the charts show: a part of a chart is a row of one.
  const rowOf = () => bodyOf(state.load)?.rows[state.part];
  const show = (load, part, plot, x) => {
    if (state.load >= 0) leave();
    const rows = bodyOf(load)?.rows;
    if (!rows || !rows.length) return;
    Object.assign(state, { load, part: Math.max(0, Math.min(rows.length - 1, part)) });
    rowOf().classList.add("here");
    tip.textContent = [...rowOf().cells].map((cell, n) => `${heads[n]} ${cell.textContent}`).join("\n");
    tip.hidden = false;
    for (const other of document.querySelectorAll(TIMED)) {
      if (other.closest(".load").dataset.load !== load) continue;
      const { width, height } = other.viewBox.baseVal, at = (state.part + 0.5) * (width / columnsOf(other));
      other.querySelector(".cross").setAttribute("d", `M${at} 0V${height}`);
    }
    const box = plot.getBoundingClientRect();
    x ??= box.left + ((state.part + 0.5) / columnsOf(plot)) * box.width;
    tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(8, Math.min(box.top, innerHeight - tip.offsetHeight - 8))}px`;
  };
  // How many parts fit on the axis: the other charts of a load are as wide as its heat map.
  const columnsOf = (plot) => plot.closest(".load").querySelector("[data-chart=heat] .plot").viewBox.baseVal.width;
  const leave = () => {
    rowOf()?.classList.remove("here");
    document.querySelectorAll(".cross").forEach((cross) => cross.setAttribute("d", ""));
    tip.hidden = true;
    state.load = -1;
  };

  for (const plot of document.querySelectorAll(TIMED)) {
    const load = plot.closest(".load").dataset.load;
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      show(load, Math.floor(((event.clientX - box.left) / box.width) * columnsOf(plot)), plot, event.clientX);
    });
    plot.addEventListener("pointerleave", leave);
    plot.addEventListener("blur", leave);
    plot.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 };
      if (event.key === "Escape") leave();
      if (!(event.key in steps)) return;
      event.preventDefault();
      show(load, (state.load === load ? state.part : -1) + steps[event.key], plot);
    });
  }

  const turn = () => {
    const next = { undefined: "dark", dark: "light" }[root.dataset.theme];
    if (next) root.dataset.theme = next; else delete root.dataset.theme;
  };
  document.getElementById("theme").addEventListener("click", turn);
  document.addEventListener("keydown", (event) => {
    if (event.key === "t" && !event.ctrlKey && !event.metaKey && !event.altKey) turn();
  });
})();
