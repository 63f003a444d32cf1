// The scores of a clip. While the player's strength is turned they are asked for one after the other, never ahead.

import { mounting } from "../common/mount.js";

const GIVE_UP = 3000; // ms after which an answer is no longer waited for
const COLUMNS = [
  ["Detector", (row) => row.detector],
  ["Percentile", (row) => row.recorded.percentile, "The share of this machine's held-out normal clips that score lower."],
  ["Decision", (row) => Number(row.recorded.anomaly)],
  ["Raw", (row) => row.recorded.raw, "On the detector's own scale: not comparable between detectors."],
  ["Percentile", (row) => row.denoised?.percentile, "Percentile of the denoised clip."],
  ["Decision", (row) => row.denoised && Number(row.denoised.anomaly)],
  ["Raw", (row) => row.denoised?.raw],
  ["Threshold", (row) => row.threshold, "On the raw score."],
];
const sorting = new Map(); // of each table its column and direction, should the page draw it anew

// Four digits; a large number keeps those before its point, so that a column does not mix two ways of writing.
export function digits(value) {
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e9) return value.toFixed(0);
  if (value === 0 || (size >= 1e-4 && size < 1e9)) return String(Number(value.toPrecision(4)));
  return value.toExponential(3).replace(/\.?0+e/, "e");
}

// Every digit that tells the number from the next one, and never an exponent: spreadsheets read one as text or cut it.
function plain(value) {
  return value.toLocaleString("en-US", { useGrouping: false, maximumSignificantDigits: 21 });
}

function exported(score) {
  return score ? [plain(score.percentile), score.anomaly ? "anomaly" : "normal", plain(score.raw)] : ["", "", ""];
}

export function csv(rows) {
  const heads = "detector,percentile,decision,raw,denoised_percentile,denoised_decision,denoised_raw,threshold";
  const lines = rows.map((row) => {
    const name = `"${row.detector.replaceAll('"', '""')}"`;
    return [name, ...exported(row.recorded), ...exported(row.denoised), plain(row.threshold)].join(",");
  });
  return `${[heads, ...lines].join("\n")}\n`;
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

class ScoreTable {
  constructor(root) {
    this.root = root;
    this.wanted = this.asked = null;
    this.onStrength = (event) => this.follow(event);
    window.addEventListener("asd-strength", this.onStrength);
    root.querySelector("[data-part=csv]").onclick = () => this.download();
    const heads = COLUMNS.map(([name, , help], index) => {
      const cell = element("th", this.classOf(index)), button = element("button", "", name);
      cell.scope = "col";
      button.type = "button";
      if (help) button.title = help;
      button.onclick = () => this.sortBy(index);
      cell.append(button);
      return cell;
    });
    root.querySelector("[data-part=heads]").replaceChildren(...heads);
  }

  classOf(index) {
    return `${index === 1 || index === 4 || index === 7 ? "first " : ""}${index === 3 || index > 5 ? "number" : ""}`;
  }

  receive({ data, setStateValue }) {
    this.data = data;
    this.ask = (value) => setStateValue("asked", value);
    const { asked } = this;
    if (asked && (asked.clip !== data.clip || asked.strength === data.strength)) this.answered();
    this.draw();
    this.root.dataset.strength = data.strength === null ? "" : data.strength.toFixed(2);
  }

  // The player's strength was turned: it need not report it to Python at once when a table does.
  follow(event) {
    const { key, clip, strength, turn } = event.detail;
    if (key !== this.data.player || clip !== this.data.clip || this.data.strength === null) return;
    event.preventDefault();
    this.wanted = { clip, strength, turn };
    this.next();
  }

  next() {
    if (this.asked || !this.wanted) return;
    const { wanted } = this;
    this.wanted = null;
    if (wanted.strength === this.data.strength) return; // to what changes nothing there would be no answer
    this.asked = wanted;
    this.ask(wanted);
    this.waiting = setTimeout(() => this.answered(), GIVE_UP);
  }

  answered() {
    clearTimeout(this.waiting);
    this.asked = null;
    this.next();
  }

  sortBy(index) {
    const [column, down] = sorting.get(this.data.player) ?? [];
    if (column !== index) sorting.set(this.data.player, [index, index > 0]);
    else if (down === index > 0) sorting.set(this.data.player, [index, !down]);
    else sorting.delete(this.data.player);
    this.draw();
  }

  sorted() {
    const [column, down] = sorting.get(this.data.player) ?? [];
    if (column === undefined) return this.data.rows;
    const value = COLUMNS[column][1], sign = down ? -1 : 1;
    return this.data.rows.toSorted((a, b) => {
      const x = value(a), y = value(b);
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
  }

  draw() {
    const [column, down] = sorting.get(this.data.player) ?? [];
    this.root.querySelectorAll("[data-part=heads] th").forEach((head, index) => {
      const name = COLUMNS[index][0], sorted = index === column;
      head.firstChild.textContent = sorted ? `${name} ${down ? "↓" : "↑"}` : name;
      head.ariaSort = sorted ? (down ? "descending" : "ascending") : "none";
    });
    this.root.querySelector("tbody").replaceChildren(...this.sorted().map((row) => this.row(row)));
  }

  row(row) {
    const line = document.createElement("tr"), name = element("th", "", row.detector);
    name.scope = "row";
    name.title = row.detector;
    line.append(name, ...this.cells(row.recorded, true), ...this.cells(row.denoised, false));
    line.append(element("td", "first number", digits(row.threshold)));
    return line;
  }

  cells(score, recorded) {
    if (!score) return [element("td", "first", "…"), element("td", "", "…"), element("td", "number", "…")];
    const place = element("td", "first"), bar = element("span", "bar"), track = element("i", "");
    track.style.backgroundSize = `${score.percentile}% 100%`;
    bar.append(track, element("span", "", score.percentile.toFixed(0)));
    place.append(bar);
    const few = recorded && score.anomaly === this.data.minority ? " minority" : "";
    const decision = element("td", `${score.anomaly ? "anomaly" : ""}${few}`, score.anomaly ? "▲ anomaly" : "· normal");
    return [place, decision, element("td", "number", digits(score.raw))];
  }

  download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(this.sorted())], { type: "text/csv" }));
    link.download = `scores-${this.data.clip.slice(0, 12)}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  destroy() {
    clearTimeout(this.waiting);
    window.removeEventListener("asd-strength", this.onStrength);
  }
}

export default mounting(".asd-scores", ScoreTable);
