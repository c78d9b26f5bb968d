// What the pages of Data Docs do with libraries from the network, in a few lines: fold, filter, draw bars.
function show(rows, visible) {
  rows.forEach(function (row) { if (row) row.style.display = visible ? "" : "none"; });
}
function succeeded() {
  var all = function (selector) { return Array.from(document.querySelectorAll(selector)); };
  return all(".hide-succeeded-validation-target-child").map(function (one) { return one.closest("tr") || one.parentElement; })
    .concat(all(".hide-succeeded-validation-target"))
    .concat(all(".hide-succeeded-validations-column-section-target-child").map(function (one) { return one.closest(".ge-section"); }));
}
function showAllValidations() { show(succeeded(), true); }
function hideSucceededValidations() { show(succeeded(), false); }
function vegaEmbed(selector, chart) {
  var rows = Object.values(chart.datasets || {})[0] || [];
  var place = document.querySelector(selector);
  var table = document.createElement("table");
  rows.forEach(function (row) {
    var line = table.insertRow();
    Object.values(row).forEach(function (value) { line.insertCell().textContent = value; });
    var bar = line.insertCell().appendChild(document.createElement("span"));
    bar.className = "bar";
    bar.style.width = 10 * (row.fraction || 0) + "rem";
  });
  if (place) place.replaceChildren(table);
  return Promise.resolve(chart);
}
document.addEventListener("click", function (event) {
  var opener = event.target.closest("[data-toggle=collapse]");
  if (!opener) return;
  event.preventDefault();
  var body = document.getElementById((opener.getAttribute("href") || opener.dataset.target).slice(1));
  if (body) body.classList.toggle("show");
});
