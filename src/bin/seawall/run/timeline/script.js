"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { tasks, waits, bands, why, elapsed } = data;
  const $ = (id) => document.getElementById(id);
  const canvas = $("canvas"), scroller = $("scroller"), pen = canvas.getContext("2d");
  const rows = [...document.querySelectorAll("#tasks tbody tr")];
  const ROW = 24, AXIS = 26, BAND = 16;
  const KINDS = { backoff: "Backoff", circuit: "Circuit", resource: "Resource", backend: "Place" };
  const state = { lanes: tasks.length <= 60 ? "task" : "worker", from: 0, to: Math.max(elapsed, 1e-6), chosen: -1, over: -1, statuses: new Set(), words: [] };

  // What is known of each task beside what was said.
  tasks.forEach((task, n) => Object.assign(task, { n, waits: [], dependents: [], shows: true }));
  tasks.forEach((task) => task.after.forEach((other) => tasks[other].dependents.push(task.n)));
  waits.forEach(([n, kind, from, to]) => tasks[n].waits.push({ task: tasks[n], kind, from, to }));
  tasks.forEach((task) => {
    task.bars = task.attempts.map((attempt) => ({ task, kind: attempt.result, from: attempt.from, to: attempt.to, attempt }));
    task.begin = Math.min(...task.bars.map((bar) => bar.from), ...task.waits.map((wait) => wait.from), task.from ?? Infinity);
    task.end = Math.max(...task.bars.map((bar) => bar.to), ...task.waits.map((wait) => wait.to), -Infinity);
    task.text = [task.id, task.backend, task.status, ...task.attempts.map((attempt) => attempt.result)].join("\n").toLowerCase();
  });
  const circuits = [...new Set(bands.map((band) => band[0]))];
  const top = () => AXIS + circuits.length * BAND + (circuits.length ? 6 : 0);
  // Asked of the page when it changes, not for each bar.
  const size = { width: 0, height: 0 };
  const gutter = () => (size.width < 560 ? 92 : state.lanes === "task" ? 190 : 104);

  const seconds = (time) => {
    if (time >= 7200) return `${Math.floor(time / 3600)}h`;
    if (time >= 120) return `${Math.floor(time / 60)}min`;
    if (time >= 1) return time < 10 ? `${time.toFixed(1)}s` : `${Math.floor(time)}s`;
    return time >= 0.001 || time === 0 ? `${Math.floor(time * 1000 + 1e-6)}ms` : "<1ms";
  };
  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  // Colours come from the style sheet, and change with the scheme.
  let colours = {};
  const learnColours = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    colours = Object.fromEntries(["bg", "card", "line", "soft", "text", "dim", "accent", "good", "bad", "late", "panic", "idle", "backoff", "circuit", "resource", "place", "open", "half", "refused"].map((name) => [name, of(name)]));
  };
  const nameOf = (kind) => ({ success: "good", timed_out: "late", panicked: "panic", cancelled: "idle", circuit_open: "refused", backoff: "backoff", circuit: "circuit", resource: "resource", backend: "place" })[kind] ?? "bad";
  const colourOf = (kind) => colours[nameOf(kind)];

  // Lanes: which bars stand on which row.
  let lanes = [], places = [];
  const packed = (items) => {
    const ends = [], out = [];
    for (const item of [...items].sort((a, b) => a.from - b.from)) {
      let row = ends.findIndex((end) => end <= item.from);
      if (row < 0) row = ends.length < 400 ? ends.length : ends.indexOf(Math.min(...ends));
      ends[row] = item.to;
      (out[row] ??= []).push(item);
    }
    return out;
  };
  const lane = (label, bars, quiet) => ({ label, bars: bars.sort((a, b) => a.from - b.from), quiet });
  const LAYOUTS = {
    task: () => tasks.filter((task) => task.shows).map((task) => {
      const made = lane(task.id, [...task.waits, ...task.bars]);
      return made.bars.length ? made : { ...made, never: task.resumed ? "by an earlier run" : task.status };
    }),
    worker: () => {
      const workers = [];
      for (const task of tasks) for (const bar of task.bars) (workers[bar.attempt.worker] ??= []).push(bar);
      const made = workers.map((bars, n) => lane(`worker ${n}`, bars));
      const waiting = packed(tasks.flatMap((task) => task.waits));
      return [...made.filter(Boolean), ...waiting.map((bars, n) => lane(n ? "" : "waiting", bars, true))];
    },
    wave: () => {
      const waves = [];
      for (const task of tasks) (waves[task.wave] ??= []).push(task);
      return waves.flatMap((members, n) => {
        const spans = members.filter((task) => task.end > -Infinity).map((task) => ({ task, from: task.begin, to: task.end }));
        const some = packed(spans).map((row, m) => lane(m ? "" : `wave ${n}`, row.flatMap(({ task }) => [...task.waits, ...task.bars]), m > 0));
        return some.length ? some : [lane(`wave ${n}`, [])];
      });
    },
  };
  const layOut = () => {
    lanes = LAYOUTS[state.lanes]();
    places = tasks.map(() => null);
    lanes.forEach((row, y) => row.bars.forEach((bar) => {
      const place = (places[bar.task.n] ??= { first: y, last: y, from: bar.from, to: bar.to });
      if (bar.attempt && (bar.from <= place.from || !place.sure)) Object.assign(place, { first: y, from: bar.from, sure: true });
      if (bar.attempt && bar.to >= place.to) Object.assign(place, { last: y, to: bar.to });
    }));
    const height = Math.min(Math.max(top() + lanes.length * ROW + 12, 150), Math.max(260, innerHeight * 0.62));
    scroller.parentElement.style.setProperty("--height", `${Math.round(height)}px`);
    resize();
  };
  const resize = () => {
    const [width, height, dots] = [scroller.clientWidth, scroller.clientHeight, devicePixelRatio || 1];
    Object.assign(size, { width, height });
    canvas.width = Math.round(width * dots);
    canvas.height = Math.round(height * dots);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    $("spacer").style.height = `${Math.max(0, top() + lanes.length * ROW + 12 - height)}px`;
    ask();
  };

  // Drawing, at most once a frame.
  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
  const xOf = (time) => gutter() + ((time - state.from) / (state.to - state.from)) * (size.width - gutter() - 12);
  const timeAt = (x) => state.from + ((x - gutter()) / (size.width - gutter() - 12)) * (state.to - state.from);
  const yOf = (row) => top() + row * ROW - scroller.scrollTop;
  const cut = (text, width) => {
    if (pen.measureText(text).width <= width) return text;
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pen.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle; else high = middle - 1;
    }
    return low ? `${text.slice(0, low)}…` : "";
  };
  const box = (x, y, width, height) => {
    pen.beginPath();
    if (width > 5) pen.roundRect(x, y, width, height, 3); else pen.rect(x, y, width, height);
    pen.fill();
  };
  const draw = () => {
    const { width, height } = size, dots = devicePixelRatio || 1;
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.fillStyle = colours.card;
    pen.fillRect(0, 0, width, height);
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    drawTints(width, height);
    drawGrid(width, height);
    pen.save();
    pen.beginPath();
    pen.rect(0, top(), width, height - top());
    pen.clip();
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW));
    const last = Math.min(lanes.length, first + Math.ceil((height - top()) / ROW) + 1);
    for (let row = first; row < last; row++) drawLane(lanes[row], row, width);
    drawArrows();
    pen.restore();
    drawBands(width);
    drawAxis(width);
  };
  const ticks = (width) => {
    const span = state.to - state.from, wish = span / Math.max(2, (width - gutter()) / 90);
    const steps = [1, 2, 5].flatMap((n) => [...Array(13).keys()].map((e) => n * 10 ** (e - 6))).concat([15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600]).sort((a, b) => a - b);
    const step = steps.find((step) => step >= wish) ?? wish;
    const out = [];
    for (let n = Math.ceil(state.from / step); n * step <= state.to; n++) out.push(n * step);
    return { out, step };
  };
  const drawGrid = (width, height) => {
    pen.fillStyle = colours.line;
    for (const tick of ticks(width).out) pen.fillRect(Math.round(xOf(tick)), AXIS, 1, height);
  };
  const drawAxis = (width) => {
    pen.fillStyle = colours.card;
    pen.fillRect(0, 0, width, AXIS);
    pen.fillStyle = colours.line;
    pen.fillRect(0, AXIS - 1, width, 1);
    pen.fillStyle = colours.dim;
    pen.textAlign = "center";
    const { out, step } = ticks(width);
    for (const tick of out) {
      const text = step >= 60 ? `${+(tick / 60).toFixed(2)}min` : step >= 1 || tick >= 1 ? `${+tick.toFixed(step >= 1 ? 0 : 3)}s` : `${+(tick * 1000).toFixed(3)}ms`;
      const x = xOf(tick);
      if (x > gutter() - 4 && x < width - 14) pen.fillText(text, x, AXIS / 2);
    }
    pen.textAlign = "left";
  };
  /** What is seen of the bands, with their places. */
  const seenBands = (width) => bands.flatMap(([backend, kind, from, to]) => {
    const [x, end] = [Math.max(gutter(), xOf(from)), Math.min(width - 12, xOf(to))];
    if (xOf(to) < gutter() || x > width - 12) return [];
    return [{ row: circuits.indexOf(backend), colour: kind === "open" ? colours.open : colours.half, x, wide: Math.max(2, end - x) }];
  });
  const drawTints = (width, height) => {
    pen.globalAlpha = 0.08;
    for (const { colour, x, wide } of seenBands(width)) {
      pen.fillStyle = colour;
      pen.fillRect(x, top(), wide, height);
    }
    pen.globalAlpha = 1;
  };
  const drawBands = (width) => {
    if (!circuits.length) return;
    pen.fillStyle = colours.card;
    pen.fillRect(0, AXIS, width, top() - AXIS);
    for (const { row, colour, x, wide } of seenBands(width)) {
      pen.fillStyle = colour;
      box(x, AXIS + row * BAND + 4, wide, BAND - 4);
    }
    circuits.forEach((backend, n) => {
      pen.fillStyle = colours.card;
      pen.fillRect(0, AXIS + n * BAND + 1, gutter() - 6, BAND);
      pen.fillStyle = colours.dim;
      pen.fillText(cut(`↯ ${backend}`, gutter() - 22), 12, AXIS + n * BAND + BAND / 2 + 2);
    });
    pen.fillStyle = colours.line;
    pen.fillRect(0, top() - 1, width, 1);
  };
  /** An attempt that a circuit refused took no time: a mark, and no bar. */
  const mark = (x, y) => {
    pen.beginPath();
    for (const [dx, dy] of [[0, -5], [5, 0], [0, 5], [-5, 0]]) pen.lineTo(x + dx, y + dy);
    pen.fill();
  };
  const drawLane = (row, number, width) => {
    const y = yOf(number), mid = y + ROW / 2, chosen = tasks[state.chosen];
    if (state.lanes === "task" && row.bars[0]?.task === chosen && chosen || state.lanes === "task" && row.label === chosen?.id) {
      pen.fillStyle = colours.soft;
      pen.fillRect(0, y, width, ROW);
    }
    pen.save();
    pen.beginPath();
    pen.rect(gutter(), y, width - gutter() - 6, ROW);
    pen.clip();
    let painted = -1, paintedKind = "";
    for (const bar of row.bars) {
      if (bar.from > state.to) break;
      if (bar.to < state.from) continue;
      const x = xOf(bar.from), wide = Math.max(1.5, xOf(bar.to) - x);
      if (wide < 2 && x < painted && bar.kind === paintedKind) continue;
      [painted, paintedKind] = [x + 1, bar.kind];
      const isWait = !bar.attempt;
      pen.globalAlpha = bar.task.shows ? (isWait ? 0.75 : 1) : 0.12;
      pen.fillStyle = colourOf(bar.kind);
      if (bar.kind === "circuit_open") mark(x, mid); else if (isWait) box(x, mid - 3, wide, 6); else box(x, y + 4, wide, ROW - 8);
      if (!isWait && bar.kind !== "circuit_open" && (bar.task.n === state.chosen || bar.task.n === state.over)) {
        pen.globalAlpha = 1;
        pen.strokeStyle = colours.text;
        pen.lineWidth = bar.task.n === state.chosen ? 2 : 1;
        pen.strokeRect(x, y + 3, wide, ROW - 6);
      }
      if (!isWait && state.lanes !== "task" && wide > 44) {
        pen.fillStyle = colours.card;
        pen.fillText(cut(bar.task.id, Math.min(wide, width) - 12), Math.max(x, gutter()) + 6, mid + 0.5);
      }
    }
    if (row.never) {
      pen.fillStyle = colours.dim;
      pen.fillText(row.never, gutter() + 6, mid + 0.5);
    }
    pen.restore();
    pen.globalAlpha = 1;
    pen.fillStyle = row.quiet ? colours.dim : colours.text;
    pen.fillText(cut(row.label, gutter() - 24), 12, mid + 0.5);
  };
  const drawArrows = () => {
    const task = tasks[state.over >= 0 ? state.over : state.chosen];
    if (!task) return;
    const arrow = (before, after, colour) => {
      const [from, to] = [places[before], places[after]];
      if (!from || !to) return;
      const [x1, y1, x2, y2] = [xOf(from.to), yOf(from.last) + ROW / 2, xOf(to.from), yOf(to.first) + ROW / 2];
      const bend = Math.max(18, Math.abs(x2 - x1) / 2);
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = 1.6;
      pen.beginPath();
      pen.moveTo(x1, y1);
      pen.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2 - 3, y2);
      pen.stroke();
      pen.beginPath();
      pen.moveTo(x2, y2);
      pen.lineTo(x2 - 7, y2 - 4);
      pen.lineTo(x2 - 7, y2 + 4);
      pen.fill();
    };
    task.after.slice(0, 200).forEach((other) => arrow(other, task.n, colours.accent));
    task.dependents.slice(0, 200).forEach((other) => arrow(task.n, other, colours.dim));
  };

  // Moving about.
  const look = (from, to) => {
    const least = Math.max(elapsed, 1e-6) / 1e6, span = Math.min(Math.max(to - from, least), Math.max(elapsed, 1e-6) * 1.02);
    state.from = Math.min(Math.max(0, from), Math.max(0, elapsed - span));
    state.to = state.from + span;
    ask();
  };
  const zoom = (by, at = (state.from + state.to) / 2) => look(at - (at - state.from) * by, at + (state.to - at) * by);
  const move = (share) => look(state.from + (state.to - state.from) * share, state.to + (state.to - state.from) * share);
  const fit = () => look(0, elapsed * 1.02);
  const reveal = (n) => {
    const place = places[n];
    if (!place) return;
    const y = place.first * ROW, room = scroller.clientHeight - top();
    if (y < scroller.scrollTop || y + ROW > scroller.scrollTop + room) scroller.scrollTop = y - room / 2;
    if (place.to < state.from || place.from > state.to) look(place.from - (state.to - state.from) / 2, place.from + (state.to - state.from) / 2);
  };

  // Choosing a task.
  const link = (n) => {
    const button = make("button", tasks[n].id, "chip");
    button.type = "button";
    button.title = tasks[n].id;
    button.addEventListener("click", () => choose(n));
    return button;
  };
  const choose = (n) => {
    rows[state.chosen]?.removeAttribute("aria-selected");
    state.chosen = n;
    const details = $("details");
    details.replaceChildren();
    details.hidden = n < 0;
    if (n >= 0) {
      rows[n].setAttribute("aria-selected", "true");
      describe(details, tasks[n]);
      resize();
      reveal(n);
    }
    resize();
  };
  const describe = (into, task) => {
    const head = make("header");
    const close = make("button", "✕", "close");
    close.type = "button";
    close.setAttribute("aria-label", "Let go");
    close.addEventListener("click", () => choose(-1));
    head.append(make("h3", task.id), close);
    const facts = make("dl");
    const fact = (name, value) => facts.append(make("dt", name), make("dd", value));
    fact("status", task.resumed ? `${task.status}, by an earlier run` : task.status);
    fact("backend", task.backend);
    fact("wave", task.wave);
    if (task.from !== null) fact("from, for", `${seconds(task.from)}, ${seconds(task.took)}`);
    into.append(head, facts);
    if (task.why) into.append(make("pre", task.why));
    if (!task.resumed) into.append(make("h4", `Attempts: ${task.attempts.length}`));
    task.attempts.forEach((attempt, n) => {
      const item = make("div", undefined, "attempt");
      item.style.setProperty("--c", `var(--${nameOf(attempt.result)})`);
      item.append(make("b", `${n + 1}  ${attempt.result}`), document.createElement("br"));
      item.append(make("span", `${seconds(attempt.from)} + ${seconds(attempt.to - attempt.from)}, worker ${attempt.worker}, on ${attempt.backend ?? task.backend}`));
      if (attempt.error) item.append(make("pre", attempt.error));
      into.append(item);
    });
    if (task.waits.length) into.append(make("h4", "Waits"));
    for (const wait of task.waits) {
      const item = make("div", undefined, "attempt");
      item.style.setProperty("--c", `var(--${nameOf(wait.kind)})`);
      item.append(make("b", KINDS[wait.kind] ?? wait.kind), make("span", `  ${seconds(wait.from)} + ${seconds(wait.to - wait.from)}`));
      into.append(item);
    }
    for (const [title, others] of [["Needs", task.after], ["Needed by", task.dependents]]) {
      if (!others.length) continue;
      const links = make("div", undefined, "links");
      links.append(...others.slice(0, 100).map(link));
      if (others.length > 100) links.append(make("span", `and ${others.length - 100} more`));
      into.append(make("h4", title), links);
    }
    if (task.response) into.append(make("h4", "Response"), make("pre", task.response));
  };
  const step = (by) => {
    let n = state.chosen < 0 ? (by > 0 ? -1 : tasks.length) : state.chosen;
    do n += by; while (tasks[n] && !tasks[n].shows);
    if (tasks[n]) choose(n);
  };

  // Filtering.
  const sift = () => {
    let count = 0;
    tasks.forEach((task, n) => {
      const fits = (!state.statuses.size || state.statuses.has(task.status)) && state.words.every((word) => task.text.includes(word));
      if (fits !== task.shows) rows[n].hidden = !fits;
      task.shows = fits;
      count += fits;
    });
    $("matches").textContent = count === tasks.length ? "" : `${count} of ${tasks.length}`;
    layOut();
  };
  $("filter").addEventListener("input", (event) => {
    state.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    sift();
  });
  document.querySelectorAll("[data-count]").forEach((button) => button.addEventListener("click", () => {
    const status = button.dataset.count, isOn = !state.statuses.delete(status);
    if (isOn) state.statuses.add(status);
    button.setAttribute("aria-pressed", String(isOn));
    sift();
  }));

  // Lanes, colours, help.
  const setLanes = (name) => {
    state.lanes = name;
    document.querySelectorAll("[data-lanes]").forEach((button) => button.setAttribute("aria-checked", String(button.dataset.lanes === name)));
    scroller.scrollTop = 0;
    layOut();
    if (state.chosen >= 0) reveal(state.chosen);
  };
  const THEMES = ["", "dark", "light"];
  const turn = () => {
    const root = document.documentElement;
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "") + 1) % THEMES.length];
    if (next) root.dataset.theme = next; else delete root.dataset.theme;
    learnColours();
    ask();
  };
  const DEEDS = { in: () => zoom(0.6), out: () => zoom(1 / 0.6), fit, theme: turn, help: () => $("help").showModal() };
  document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => DEEDS[button.dataset.do]()));
  document.querySelectorAll("[data-lanes]").forEach((button) => button.addEventListener("click", () => setLanes(button.dataset.lanes)));
  const KEYS = {
    ArrowUp: () => step(-1), ArrowDown: () => step(1), ArrowLeft: () => move(-0.15), ArrowRight: () => move(0.15),
    "+": DEEDS.in, "=": DEEDS.in, "-": DEEDS.out, 0: fit, "/": () => $("filter").focus(), t: turn, "?": DEEDS.help,
    l: () => setLanes({ task: "worker", worker: "wave", wave: "task" }[state.lanes]),
    Escape: () => choose(-1),
    Enter: () => {
      const task = tasks[state.chosen];
      if (task && task.end > -Infinity) look(task.begin - (task.end - task.begin) * 0.3, task.end + (task.end - task.begin) * 0.3);
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    const at = event.target.matches ? event.target : document.body, isText = at.matches("input");
    if (isText && event.key === "Escape") { at.value = ""; at.dispatchEvent(new Event("input")); at.blur(); return; }
    if (isText || (at.matches("button, summary") && event.key === "Enter")) return;
    const deed = KEYS[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });

  // The pointer.
  const barAt = (x, y) => {
    if (y < top() || x < 0) return null;
    const row = lanes[Math.floor((y - top() + scroller.scrollTop) / ROW)];
    if (!row) return null;
    if (x < gutter()) return state.lanes === "task" ? row.bars[0] ?? null : null;
    const [early, late] = [timeAt(x - 3), timeAt(x + 3)];
    const hits = row.bars.filter((bar) => bar.from <= late && bar.to >= early && bar.task.shows);
    const far = (bar) => (timeAt(x) < bar.from ? bar.from - timeAt(x) : Math.max(0, timeAt(x) - bar.to));
    return hits.reduce((best, bar) => (!best || far(bar) < far(best) || (far(bar) === far(best) && bar.attempt && !best.attempt) ? bar : best), null);
  };
  let grab = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    grab = { x: event.clientX, from: state.from, to: state.to, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = [event.offsetX, event.offsetY];
    if (grab && (grab.moved || Math.abs(event.clientX - grab.x) > 4)) {
      grab.moved = true;
      canvas.classList.add("grabbing");
      const by = ((grab.x - event.clientX) / (size.width - gutter() - 12)) * (grab.to - grab.from);
      return look(grab.from + by, grab.to + by);
    }
    const bar = barAt(x, y), over = bar ? bar.task.n : -1;
    canvas.classList.toggle("over", over >= 0);
    if (over !== state.over) { state.over = over; ask(); }
    hint(bar, x, y);
  });
  const hint = (bar, x, y) => {
    const tip = $("tip");
    tip.hidden = !bar;
    if (!bar) return;
    const what = bar.kind === "circuit_open" ? "refused by the circuit" : bar.attempt ? `${bar.kind}, ${seconds(bar.to - bar.from)}, worker ${bar.attempt.worker}` : `${KINDS[bar.kind] ?? bar.kind}, ${seconds(bar.to - bar.from)}`;
    tip.replaceChildren(make("b", bar.task.id), what);
    tip.style.left = `${Math.max(4, Math.min(x + 14, scroller.clientWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, y + 18 + tip.offsetHeight > scroller.clientHeight ? y - tip.offsetHeight - 10 : y + 18)}px`;
  };
  canvas.addEventListener("pointerup", (event) => {
    const isClick = grab && !grab.moved, bar = isClick && barAt(event.offsetX, event.offsetY);
    grab = null;
    canvas.classList.remove("grabbing");
    if (isClick) choose(bar ? bar.task.n : -1);
  });
  canvas.addEventListener("pointercancel", () => { grab = null; });
  canvas.addEventListener("pointerleave", () => {
    state.over = -1;
    $("tip").hidden = true;
    ask();
  });
  canvas.addEventListener("dblclick", (event) => zoom(0.4, timeAt(event.offsetX)));
  scroller.addEventListener("wheel", (event) => {
    const isZoom = event.ctrlKey || event.metaKey, by = event.deltaY || event.deltaX;
    if (!isZoom && !event.shiftKey && !event.deltaX) return;
    event.preventDefault();
    if (isZoom) zoom(Math.exp(by * 0.002), timeAt(event.offsetX)); else move((event.deltaX || event.deltaY) / 1200);
  }, { passive: false });
  scroller.addEventListener("scroll", ask);
  $("tasks").addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row) choose(rows.indexOf(row));
  });
  new ResizeObserver(resize).observe(scroller);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { learnColours(); ask(); });

  // What stands above the chart.
  const LOST = { barrier: ["Barriers", "place"], failed_attempts: ["Failed attempts", "bad"], backoff: ["Backoff", "backoff"], circuit: ["Circuits", "circuit"], resource: ["Resources", "resource"], place: ["Places", "idle"] };
  const lost = Object.entries(LOST).map(([key, [name, colour]]) => ({ name, colour, time: why[`${key}_s`] })).filter((part) => part.time >= 0.001).sort((a, b) => b.time - a.time);
  for (const { name, colour, time } of lost) {
    const line = make("div"), bar = make("i"), room = make("span");
    bar.style.width = `${(100 * time) / lost[0].time}%`;
    bar.style.background = `var(--${colour})`;
    room.append(bar);
    line.append(make("span", name), room, make("em", seconds(time)));
    $("why").append(line);
  }
  if (!lost.length) $("why").append(make("p", "Nothing waited, and nothing failed."));
  $("path-time").textContent = seconds(why.critical_path_s);
  const ids = new Map(tasks.map((task) => [task.id, task.n]));
  for (const id of why.critical_path.slice(0, 200)) {
    const item = make("li");
    item.append(link(ids.get(id)));
    $("path").append(item);
  }
  const legend = [["good", "success"], ["bad", "failed attempt"], ["late", "timed out"], ["panic", "panicked"], ["idle", "cancelled"], ["backoff", "backoff"], ["circuit", "wait for a circuit"], ["resource", "wait for a resource"], ["place", "wait for a place"], ["refused", "refused by a circuit"], ["open", "open circuit"], ["half", "half-open circuit"]];
  const used = new Set([...tasks.flatMap((task) => [...task.bars, ...task.waits].map((bar) => nameOf(bar.kind))), ...bands.map((band) => (band[1] === "open" ? "open" : "half"))]);
  for (const [colour, name] of legend.filter(([colour]) => used.has(colour))) {
    const item = make("span", name);
    item.style.setProperty("--c", `var(--${colour})`);
    $("legend").append(item);
  }

  learnColours();
  setLanes(state.lanes);
  fit();
  // For who drives the page from outside: where a task's first bar is, in the page.
  globalThis.timeline = {
    state,
    choose,
    placeOf: (id) => {
      const place = places[ids.get(id)], frame = canvas.getBoundingClientRect();
      return place && { x: frame.x + (xOf(place.from) + xOf(Math.min(place.to, state.to))) / 2, y: frame.y + yOf(place.first) + ROW / 2 };
    },
  };
})();
