// The page Health: finding series, and the whole chart of one, drawn from data/health-<n>.js.
"use strict";

(() => {
  const AT_ONCE = 50;
  const SVG = "http://www.w3.org/2000/svg";
  const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [820, 300, 64, 12, 12, 26];

  const list = document.getElementById("health-series");
  const dialog = document.getElementById("health-whole");
  const filter = document.getElementById("health-filter");
  if (!list || !dialog) return;

  function made(name, attributes, ...children) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function html(name, properties, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  }

  // Times of points are days of the data, or moments of runs: both are shown as they are, in UTC.
  function points(one) {
    let minute = one.start;
    return one.values.map((value, at) => {
      if (at > 0) minute += Array.isArray(one.steps) ? one.steps[at - 1] : one.steps;
      const text = new Date(minute * 60000).toISOString();
      const label = text.slice(11, 16) === "00:00" ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
      return { at, value, label, level: one.levels[at] };
    });
  }

  function figure(one, value) {
    if (value === null || value === undefined) return "";
    if (one.kind === "p") return `${Number((100 * value).toPrecision(4))} %`;
    return Number(value.toPrecision(5)).toLocaleString("en-GB", { maximumFractionDigits: 6 });
  }

  function range(one) {
    const known = one.values.filter((value) => value !== null);
    let [low, high] = [Math.min(...known), Math.max(...known)];
    for (const name of ["look_lower", "look_upper"]) {
      for (const edge of one[name] || []) {
        // Limits that are far away are left out of the picture, not the points.
        if (edge !== null && edge > low - (high - low || 1) && edge < high + (high - low || 1)) {
          [low, high] = [Math.min(low, edge), Math.max(high, edge)];
        }
      }
    }
    const room = (high - low || Math.abs(high) || 1) * 0.05;
    return [low - room, high + room];
  }

  function ticks(low, high) {
    const rough = (high - low) / 4;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((times) => times * unit).find((size) => size >= rough);
    const found = [];
    for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(Number(value.toPrecision(12)));
    return found;
  }

  function chart(one, shown, told) {
    const [low, high] = range(one);
    const x = (at) => LEFT + ((WIDTH - LEFT - RIGHT) * at) / Math.max(1, shown.length - 1);
    const y = (value) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - Math.min(high, Math.max(low, value)))) / (high - low);
    const line = (values) => {
      let path = "";
      let isOn = false;
      values.forEach((value, at) => {
        if (value === null) { isOn = false; return; }
        path += `${isOn ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
        isOn = true;
      });
      return path;
    };
    const svg = made("svg", { class: "whole", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told });
    for (const value of ticks(low, high)) {
      svg.append(made("path", { class: "grid", d: `M${LEFT} ${y(value)}H${WIDTH - RIGHT}` }));
      svg.append(made("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, figure(one, value)));
    }
    if (one.look_upper) {
      const from = one.look_upper.findIndex((value) => value !== null);
      if (from >= 0) {
        const up = line(one.look_upper);
        const down = [...one.look_lower.keys()].slice(from).reverse().filter((at) => one.look_lower[at] !== null)
          .map((at) => `L${x(at).toFixed(1)} ${y(one.look_lower[at]).toFixed(1)}`).join("");
        if (!up.slice(1).includes("M")) svg.append(made("path", { class: "usual", d: `${up}${down}Z` }));
      }
      svg.append(made("path", { class: "centre", d: line(one.centre) }));
      for (const name of ["block_lower", "block_upper"]) {
        svg.append(made("path", { class: "limit", d: line(one[name].map((value) => (value === null || value < low || value > high ? null : value))) }));
      }
    }
    for (const [at, why] of one.phases) {
      svg.append(made("path", { class: "phase", d: `M${x(at)} ${TOP}V${HEIGHT - BOTTOM}` }, made("title", {}, why)));
    }
    svg.append(made("path", { class: "value", d: line(one.values) }));
    for (const point of shown) {
      if (point.level && point.value !== null) {
        svg.append(made("circle", { class: point.level === 2 ? "block" : "look", cx: x(point.at), cy: y(point.value), r: 4 }));
      }
    }
    for (const at of [0, Math.floor((shown.length - 1) / 2), shown.length - 1]) {
      const anchor = at === 0 ? "start" : at === shown.length - 1 ? "end" : "middle";
      svg.append(made("text", { x: x(at), y: HEIGHT - 6, "text-anchor": anchor }, shown[at].label.slice(0, 10)));
    }
    const cursor = made("path", { class: "cursor", d: "" });
    svg.append(cursor);
    return { svg, move: (at) => cursor.setAttribute("d", `M${x(at)} ${TOP}V${HEIGHT - BOTTOM}`), near: (part) => {
      const at = Math.round(((part * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT)) * (shown.length - 1));
      return Math.min(shown.length - 1, Math.max(0, at));
    } };
  }

  function usual(one, at) {
    if (!one.look_lower || one.look_lower[at] === null) return "";
    return `${figure(one, one.centre[at])} (${figure(one, one.look_lower[at])} to ${figure(one, one.look_upper[at])})`;
  }

  const WORDS = ["", "look", "beyond the limit that blocks"];

  function sentence(one, point) {
    const rules = new Map(one.rules).get(point.at);
    const parts = [`${point.label}: ${figure(one, point.value) || "no value"}`];
    if (one.of) parts.push(`of ${figure({ kind: "count" }, one.of[point.at])}`);
    if (usual(one, point.at)) parts.push(`usual is ${usual(one, point.at)}`);
    if (point.level) parts.push(`${WORDS[point.level]}${rules ? `, by ${rules.join(", ")}` : ""}`);
    const phase = one.phases.find(([at]) => at === point.at);
    if (phase) parts.push(`a new phase: ${phase[1]}`);
    return parts.join("; ");
  }

  function numbers(one, shown) {
    const rules = new Map(one.rules);
    const head = html("tr", {}, ...["when", "value", ...(one.of ? ["of"] : []), "usual", "signal"].map((name) => {
      const cell = html("th", { textContent: name });
      cell.scope = "col";
      return cell;
    }));
    const rows = [...shown].reverse().map((point) => html("tr", {},
      Object.assign(html("th", { textContent: point.label }), { scope: "row" }),
      html("td", { className: "n", textContent: figure(one, point.value) }),
      ...(one.of ? [html("td", { className: "n", textContent: figure({ kind: "count" }, one.of[point.at]) })] : []),
      html("td", { textContent: usual(one, point.at) }),
      html("td", { textContent: point.level ? [WORDS[point.level], ...(rules.get(point.at) || [])].join(", ") : "" }),
    ));
    const table = html("table", {}, html("thead", {}, head), html("tbody", {}, ...rows));
    const box = html("div", { className: "scroll", tabIndex: 0 }, table);
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Numbers of the series");
    const details = html("details", {}, html("summary", { textContent: `${shown.length} points as a table` }), box);
    return details;
  }

  function facts(card, one, shown) {
    const template = card.querySelector("template");
    const signals = shown.filter((point) => point.level).length;
    const known = [
      ["of", card.dataset.relation], ["owner", template.dataset.owner],
      ["severity", template.dataset.severity === "error" ? "error: it stops a release" : "warn"],
      ["points", `${shown.length}, ${signals} of them signal`],
      ["limits", one.look_lower ? "grey: the usual range (one false alarm in 370 points); dotted: blocks (one in 20,000)"
        : "not drawn: limits are computed for the most troubled series first"],
    ];
    const list = html("dl", { className: "facts" });
    for (const [name, text] of known) if (text) list.append(html("dt", { textContent: name }), html("dd", { textContent: text }));
    return list;
  }

  function show(card, one) {
    const shown = points(one);
    const newest = shown[shown.length - 1];
    const told = `${one.metric}: ${shown.length} points from ${shown[0].label} to ${newest.label}. The newest: ${sentence(one, newest)}`;
    const { svg, move, near } = chart(one, shown, told);
    const output = html("output", {});
    const slider = html("input", { type: "range", min: 0, max: shown.length - 1, value: shown.length - 1 });
    slider.setAttribute("aria-label", "Point");
    const pick = (at) => {
      slider.value = at;
      slider.setAttribute("aria-valuetext", sentence(one, shown[at]));
      output.textContent = sentence(one, shown[at]);
      move(at);
    };
    slider.addEventListener("input", () => pick(Number(slider.value)));
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      pick(near((event.clientX - box.left) / box.width));
    });
    const worst = [...shown].reverse().find((point) => point.level) || newest;
    const close = html("button", { type: "button", className: "close", textContent: "Close" });
    close.addEventListener("click", () => dialog.close());
    const more = card.querySelector("template").content.cloneNode(true);
    for (const pre of more.querySelectorAll("pre")) pre.textContent = pre.textContent.replace(":day", worst.label.slice(0, 10));
    dialog.replaceChildren(close, html("h2", { id: "health-title", textContent: one.metric }), facts(card, one, shown),
      svg, slider, output, numbers(one, shown), more);
    sluice.copies(dialog);
    pick(worst.at);
    if (!dialog.open) dialog.showModal();
  }

  function open() {
    const card = /^#s\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (!card) { if (dialog.open) dialog.close(); return; }
    const number = Number(card.id.slice(1));
    sluice.load(`health-${Math.floor(number / AT_ONCE)}`).then((values) => show(card, values[number]), (error) => {
      dialog.replaceChildren(html("h2", { id: "health-title", textContent: error.message }));
      dialog.showModal();
    });
  }

  dialog.addEventListener("close", () => {
    const link = /^#s\d+$/.test(location.hash) && document.querySelector(`${location.hash} .open`);
    history.replaceState(null, "", location.pathname + location.search);
    if (link) link.focus();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  addEventListener("hashchange", open);

  function narrow() {
    const { text, relation, state } = filter.elements;
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of list.children) {
      const name = `${card.dataset.relation}.${card.querySelector(".open").textContent}`.toLowerCase();
      const fits = words.every((word) => name.includes(word)) && (!relation.value || card.dataset.relation === relation.value)
        && (!state.value || card.dataset.state === state.value);
      card.hidden = !fits;
      shown += fits;
    }
    filter.querySelector("output").textContent = `${shown.toLocaleString("en-GB")} series`;
  }

  // health.html?relation=core.orders shows the series of one relation: the catalog links to them.
  function chosen() {
    const relation = new URLSearchParams(location.search).get("relation");
    if ([...filter.elements.relation.options].some((one) => one.value === relation)) filter.elements.relation.value = relation;
    narrow();
  }

  filter.hidden = false;
  filter.addEventListener("input", narrow);
  filter.addEventListener("submit", (event) => event.preventDefault());
  chosen();
  open();
})();
