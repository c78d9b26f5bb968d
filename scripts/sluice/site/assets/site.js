// What every page has: data that is loaded when it is wanted, times in the reader's zone, buttons that copy.
"use strict";

window.sluice = (() => {
  const values = new Map();
  const waiting = new Map();

  // Called by data/<name>.js.
  function data(name, value) {
    values.set(name, value);
  }

  // A page that was opened from disk may not fetch: a script element may be added.
  function load(name) {
    if (!waiting.has(name)) {
      waiting.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = `data/${encodeURIComponent(name)}.js`;
        script.onload = () => (values.has(name) ? resolve(values.get(name)) : reject(new Error(`${name} has no data`)));
        script.onerror = () => reject(new Error(`data/${name}.js could not be read`));
        document.head.append(script);
      }));
    }
    return waiting.get(name);
  }

  const format = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };

  function ago(moment, now) {
    const minutes = Math.max(0, Math.floor((now - moment) / 60000));
    if (minutes < 60) return `${minutes} min ago`;
    if (minutes < 1440) return `${Math.floor(minutes / 60)} h ago`;
    return `${Math.floor(minutes / 1440)} d ago`;
  }

  function times(root) {
    const now = Date.now();
    for (const element of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      const local = moment.toLocaleString(undefined, format);
      if (element.classList.contains("age")) {
        element.textContent = ago(moment, now);
        element.title = local;
      } else {
        element.title = `${element.dateTime.replace("T", " ").replace("Z", "")} UTC`;
        element.textContent = local;
      }
    }
  }

  function copies(root) {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("button.copy")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        navigator.clipboard.writeText(button.previousElementSibling.textContent).then(() => {
          button.textContent = "Copied";
        }, () => {
          button.textContent = "Not allowed here";
        });
      });
    }
  }

  // A page for today that was made days ago says so.
  function stale() {
    const element = document.getElementById("stale");
    if (!element) return;
    const hours = Math.floor((Date.now() - new Date(element.dataset.made)) / 3600000);
    if (hours >= 26) {
      element.textContent = `This page was made ${ago(new Date(element.dataset.made), Date.now())}: newer runs are not in it.`;
      element.hidden = false;
    }
  }

  // What is linked inside something folded is opened.
  function unfold() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let element = target; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
    }
    if (target) target.scrollIntoView();
  }

  function begin() {
    times(document);
    copies(document);
    stale();
    const zone = document.getElementById("zone");
    if (zone) zone.textContent = `Times are in your zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
    addEventListener("hashchange", unfold);
    unfold();
    // Browsers print what is folded as folded.
    addEventListener("beforeprint", () => {
      for (const element of document.querySelectorAll("details:not([open])")) {
        element.dataset.printed = "";
        element.open = true;
      }
    });
    addEventListener("afterprint", () => {
      for (const element of document.querySelectorAll("details[data-printed]")) {
        delete element.dataset.printed;
        element.open = false;
      }
    });
  }

  document.addEventListener("DOMContentLoaded", begin);
  return { data, load, times, copies };
})();
