"use strict";
// Tables that sort by a click on a column's head: numbers as numbers, what is no number last.

function sortKey(text) {
  const number = Number.parseFloat(text.replaceAll(",", "").replace("−", "-"));
  return Number.isNaN(number) ? text.trim().toLowerCase() : number;
}

function compare(first, second) {
  const empty = (value) => value === "–" || value === null || value === "";
  if (empty(first) || empty(second)) return Number(empty(first)) - Number(empty(second));
  if (typeof first === "number" && typeof second === "number") return first - second;
  return String(first).localeCompare(String(second), "en", { numeric: true });
}

function sortButtons(row, sort) {
  const heads = [...row.querySelectorAll("th")];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(column, down);
    });
  });
}

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  sortButtons(table.tHead.rows[0], (column, down) => {
    const key = (row) => sortKey(row.cells[column].firstChild ? row.cells[column].textContent : "");
    const rows = [...body.rows].filter((row) => !row.classList.contains("total"));
    rows.sort((a, b) => {
      const [first, second] = [key(a), key(b)];
      const dash = (value) => value === "–";
      return dash(first) || dash(second) ? compare(first, second) : (down ? -1 : 1) * compare(first, second);
    });
    body.prepend(...rows);
  });
}
