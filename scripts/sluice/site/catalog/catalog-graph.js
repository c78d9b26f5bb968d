// A graph around one thing, drawn from left to right: what it comes from, itself, what reads it. A few levels, more on demand.
"use strict";

(window.sluiceCatalog ??= {}).graph = (() => {
  const { h, s, plural } = window.sluiceCatalog.dom;
  const WIDE = 196;
  const HIGH = 40;
  const GAP_X = 56;
  const GAP_Y = 12;
  const MOST = 8; // of one level, until more are asked for
  const LETTERS = 25;

  // Levels around `centre`: each key once, at its shortest distance. `next(key)` gives [[key, isDirect], ...].
  function reach(centre, next, depth) {
    const levels = [];
    const seen = new Set([centre]);
    let edge = [centre];
    while (edge.length && levels.length < depth) {
      const found = [];
      for (const key of edge) {
        for (const [other] of next(key)) {
          if (!seen.has(other)) {
            seen.add(other);
            found.push(other);
          }
        }
      }
      if (found.length) levels.push(found);
      edge = found;
    }
    return { levels, isMore: edge.some((key) => next(key).some(([other]) => !seen.has(other))) };
  }

  // Everything that a graph shows: columns of boxes from left to right, and lines between boxes.
  function layout(view) {
    const up = reach(view.centre, view.parents, view.up);
    const down = reach(view.centre, view.children, view.down);
    const levels = [...up.levels.slice().reverse(), [view.centre], ...down.levels];
    const middle = up.levels.length;
    const boxes = new Map();
    const more = [];
    const order = new Map();
    levels.forEach((keys, at) => {
      const sorted = keys.slice().sort((one, other) => view.label(one).name.localeCompare(view.label(other).name));
      const most = view.most.get(at - middle) || MOST;
      const shown = sorted.slice(0, most);
      shown.forEach((key) => order.set(key, at));
      boxes.set(at, shown);
      if (sorted.length > shown.length) more.push({ level: at - middle, at, count: sorted.length - shown.length });
    });
    untangle(boxes, middle, view);
    const places = new Map();
    boxes.forEach((keys, at) => keys.forEach((key, row) => places.set(key, { x: at * (WIDE + GAP_X), row, at })));
    const isCut = new Set(more.map((one) => one.at));
    const height = (at) => boxes.get(at).length + (isCut.has(at) ? 1 : 0);
    const rows = Math.max(...[...boxes.keys()].map(height));
    places.forEach((place, key) => {
      const free = rows - height(place.at);
      place.y = (place.row + free / 2) * (HIGH + GAP_Y) + 4;
      place.key = key;
    });
    const below = (one) => boxes.get(one.at).length + (rows - height(one.at)) / 2;
    more.forEach((one) => Object.assign(one, { x: one.at * (WIDE + GAP_X), y: below(one) * (HIGH + GAP_Y) + 4 }));
    return { places, more, lines: lines(places, view), up, down, levels, rows };
  }

  // From the middle outwards, each level is put in the order of what it is connected with on the side of the middle.
  function untangle(boxes, middle, view) {
    const sort = (at, towards, next) => {
      const near = new Map((boxes.get(towards) || []).map((key, row) => [key, row]));
      const weight = new Map(boxes.get(at).map((key) => {
        const rows = next(key).map(([other]) => near.get(other)).filter((row) => row !== undefined);
        return [key, rows.length ? rows.reduce((sum, row) => sum + row, 0) / rows.length : near.size];
      }));
      boxes.get(at).sort((one, other) => weight.get(one) - weight.get(other));
    };
    for (let at = middle - 1; at >= 0; at -= 1) sort(at, at + 1, view.children);
    for (let at = middle + 1; boxes.has(at); at += 1) sort(at, at - 1, view.parents);
  }

  // Lines lead to the right: one between two boxes of one level, or back, is seen where one of them is opened.
  function lines(places, view) {
    const found = [];
    places.forEach((to, key) => {
      for (const [parent, isDirect] of view.parents(key)) {
        const from = places.get(parent);
        if (from && from.at < to.at) found.push({ from, to, isDirect, isNear: [parent, key].includes(view.centre) });
      }
    });
    return found;
  }

  function path({ from, to }) {
    const [x, y, a, b] = [from.x + WIDE, from.y + HIGH / 2, to.x - 5, to.y + HIGH / 2];
    const bend = Math.max(28, Math.abs(a - x) / 2);
    return `M${x} ${y}C${x + bend} ${y} ${a - bend} ${b} ${a} ${b}`;
  }

  const short = (text) => (text.length > LETTERS ? `${text.slice(0, LETTERS - 1)}…` : text);

  function box(place, view) {
    const told = view.label(place.key);
    const isCentre = place.key === view.centre;
    const parts = [
      s("title", {}, `${told.name}: ${told.about}`),
      s("rect", { x: place.x, y: place.y, width: WIDE, height: HIGH, rx: 6 }),
      s("text", { class: "name", x: place.x + 10, y: place.y + 16 }, short(told.name)),
      s("text", { x: place.x + 10, y: place.y + 31 }, short(told.about)),
    ];
    const kind = `box ${told.kind}${isCentre ? " centre" : ""}`;
    if (isCentre || !told.href) return s("g", { class: kind }, parts);
    return s("a", { class: kind, href: told.href, "aria-label": `${told.name}, ${told.about}` }, parts);
  }

  function moreBox(one, redraw, view) {
    const grow = () => {
      view.most.set(one.level, (view.most.get(one.level) || MOST) + 24);
      redraw();
    };
    const asked = { class: "more", role: "button", tabindex: "0", "aria-label": `Show ${one.count} more`, onclick: grow };
    asked.onkeydown = (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        grow();
      }
    };
    return s("g", asked, s("rect", { x: one.x, y: one.y, width: WIDE, height: HIGH - 10, rx: 6 }),
      s("text", { x: one.x + 10, y: one.y + 19 }, `${one.count} more …`));
  }

  // `view`: centre, name, unit (node or column), parents(key), children(key), label(key) -> {name, about, kind, href}; up, down: levels that are shown.
  function draw(view) {
    view.most ??= new Map();
    const holder = h("div", { class: "lineage" });
    const redraw = () => {
      holder.replaceChildren(...drawn(view, redraw));
      const scroller = holder.querySelector(".box");
      const centre = holder.querySelector(".centre rect");
      if (centre) scroller.scrollLeft = Number(centre.getAttribute("x")) + WIDE / 2 - scroller.clientWidth / 2;
    };
    redraw();
    requestAnimationFrame(redraw); // the width of its box is known only on the page
    return holder;
  }

  function drawn(view, redraw) {
    const found = layout(view);
    const count = (levels) => levels.reduce((sum, keys) => sum + keys.length, 0);
    const [above, below] = [count(found.up.levels), count(found.down.levels)];
    if (!above && !below) return [h("p", { class: "quiet" }, "Nothing upstream and nothing downstream is known.")];
    const wide = found.levels.length * (WIDE + GAP_X) - GAP_X;
    const high = found.rows * (HIGH + GAP_Y);
    const told = `Lineage of ${view.name}: ${above} upstream and ${below} downstream are shown`;
    const picture = s("svg", { class: "graph", role: "group", "aria-label": told, viewBox: `-2 0 ${wide + 4} ${high}`, width: wide + 4, height: high },
      s("defs", {}, s("marker", { id: "catalog-arrow", viewBox: "0 0 6 6", refX: 5, refY: 3, markerWidth: 6, markerHeight: 6, orient: "auto" }, s("path", { d: "M0 0L6 3L0 6Z" }))),
      found.lines.map((one) => s("path", { class: `${one.isDirect ? "direct" : "indirect"}${one.isNear ? " near" : ""}`, d: path(one), "marker-end": "url(#catalog-arrow)" })),
      [...found.places.values()].sort((a, b) => a.at - b.at || a.y - b.y).map((place) => box(place, view)),
      found.more.map((one) => moreBox(one, redraw, view)));
    const change = (side, by) => () => {
      view[side] = Math.max(0, view[side] + by);
      redraw();
    };
    const button = (text, side, by, isOff) => h("button", { type: "button", onclick: change(side, by), disabled: isOff }, text);
    return [
      h("p", { class: "buttons" },
        button("← more upstream", "up", 1, !found.up.isMore), button("less", "up", -1, view.up < 1 || !above),
        button("more downstream →", "down", 1, !found.down.isMore), button("less", "down", -1, view.down < 1 || !below)),
      h("div", { class: "box", role: "region", tabindex: "0", "aria-label": told }, picture),
      h("details", {}, h("summary", {}, `As a list: ${plural(above, view.unit)} upstream, ${plural(below, view.unit)} downstream`), listed(found.up.levels, "upstream", view), listed(found.down.levels, "downstream", view)),
    ];
  }

  function listed(levels, side, view) {
    return levels.map((keys, at) => h("p", {}, `${plural(at + 1, "step")} ${side}: `, keys.map((key, number) => {
      const told = view.label(key);
      return [number ? ", " : "", told.href ? h("a", { href: told.href }, told.name) : told.name];
    })));
  }

  return { draw, layout, reach };
})();
