// The scores of a clip. While the player's strength is turned they are asked for one after the other, never ahead.

import { mounting } from "../common/mount.js";
import { OneAtATime } from "../common/one_at_a_time.js";

const MOST = 100; // normal spreads that half a bar has room for, drawn in logarithms: beyond 4 they were all alike
const MARGIN = "How far beyond the threshold (right) or below it (left), in units of the spread of this machine's normal clips. Bars grow with its logarithm; within the pale band around the threshold a detector cannot tell.";
const CLOSE = "Less than half a normal spread from its threshold: too close to tell.";
const PERCENTILE = "The share of this machine's held-out normal clips that score lower.";
const RAW = "On the detector's own scale: not comparable between detectors.";

// Name, value, help; how a cell is made, and whether it begins what belongs together. Where there are more
// columns than margin and decision, names and hints take two lines: all must fit beside the player, and bars be equally long.
export function columns(denoised, details) {
  const hint = denoised || details ? "\nbars: log scale" : "◂ normal | anomaly ▸ (bars: log scale)";
  const of = (which, suffix) => [
    { name: `Margin${suffix}`, value: (row) => row[which]?.margin, help: MARGIN, hint: suffix ? "" : hint, make: (row) => bar(row[which]), first: true },
    { name: `Decision${suffix}`, value: (row) => row[which] && (row[which].close ? 0.5 : Number(row[which].anomaly)), make: (row) => decision(row[which]) },
    ...(details ? [
      { name: `Percentile${suffix}`, value: (row) => row[which]?.percentile, help: PERCENTILE, number: true, make: (row) => row[which]?.percentile.toFixed(0) ?? "…" },
      { name: `Raw${suffix}`, value: (row) => row[which]?.raw, help: RAW, number: true, make: (row) => (row[which] ? digits(row[which].raw) : "…") },
    ] : []),
  ];
  return [
    { name: "Detector", value: (row) => row.detector },
    ...of("recorded", ""),
    ...(denoised ? of("denoised", ",\ndenoised") : []),
    ...(details ? [{ name: "Threshold", value: (row) => row.threshold, help: "On the raw score.", number: true, first: true, make: (row) => digits(row.threshold) }] : []),
  ];
}
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
  return score ? [plain(score.margin), plain(score.percentile), score.anomaly ? "anomaly" : "normal", plain(score.raw)] : ["", "", "", ""];
}

function field(value) {
  if (typeof value === "number") return plain(value);
  const text = String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&"); // a spreadsheet would run it
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// A row a detector; what is the same for all of them (the clip, its version) in the last columns.
export function csv(groups, about) {
  const heads = "detector,group,margin,percentile,decision,raw,denoised_margin,denoised_percentile,denoised_decision,denoised_raw,threshold,model_version,trained";
  const last = Object.values(about).map(field);
  const lines = groups.flatMap(({ name, rows }) => rows.map((row) => {
    const figures = [...exported(row.recorded), ...exported(row.denoised), plain(row.threshold)];
    return [field(row.detector), field(name), ...figures, field(row.model_version), field(row.trained), ...last].join(",");
  }));
  return `${[[heads, ...Object.keys(about)].join(","), ...lines].join("\n")}\n`;
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function bar(score) {
  const cell = element("span", "margin"), track = element("i", score?.close ? "close" : score?.anomaly ? "beyond" : "");
  if (!score) return "…";
  const half = barShare(score.margin) * 50, left = score.margin < 0 ? 50 - half : 50;
  const fill = element("b", "");
  fill.style.left = `${left}%`;
  fill.style.width = `${half}%`;
  track.append(fill);
  cell.append(track, element("span", "", score.margin_text));
  return cell;
}

// How much of half a bar a margin takes.
export function barShare(margin) {
  return Math.min(1, Math.log1p(Math.abs(margin)) / Math.log1p(MOST));
}

// As the card beside the table has it: near its threshold a detector cannot tell.
export function decided(score) {
  return score.close ? "? not sure" : score.anomaly ? "▲ anomaly" : "· normal";
}

function decision(score) {
  if (!score) return "…";
  const cell = element("span", score.close ? "close" : score.anomaly ? "anomaly" : "", decided(score));
  if (score.close) cell.title = CLOSE;
  return cell;
}

class ScoreTable {
  constructor(root) {
    this.root = root;
    this.questions = new OneAtATime((value) => this.ask(value), ({ strength }) => strength === this.data.strength);
    this.details = false;
    this.onStrength = (event) => this.follow(event);
    window.addEventListener("asd-strength", this.onStrength);
    root.querySelector("[data-part=csv]").onclick = () => this.download();
    root.querySelector("[data-part=details]").onclick = () => {
      this.details = !this.details;
      this.draw();
    };
  }

  receive({ data, setStateValue }) {
    this.data = data;
    this.ask = (value) => setStateValue("asked", value);
    this.root.classList.toggle("large", data.large);
    const { asked } = this.questions;
    if (asked && (asked.clip !== data.clip || asked.strength === data.strength)) this.questions.answered();
    this.draw();
    this.root.dataset.strength = data.strength === null ? "" : data.strength.toFixed(2);
  }

  // The player's strength was turned: it need not report it to Python at once when a table does.
  follow(event) {
    const { key, clip, strength, turn } = event.detail;
    if (key !== this.data.player || clip !== this.data.clip || this.data.strength === null) return;
    event.preventDefault();
    this.questions.want({ clip, strength, turn });
  }

  sortBy(index) {
    const [column, down] = sorting.get(this.data.player) ?? [];
    if (column !== index) sorting.set(this.data.player, [index, index > 0]);
    else if (down === index > 0) sorting.set(this.data.player, [index, !down]);
    else sorting.delete(this.data.player);
    this.draw();
  }

  sorted(rows) {
    const [column, down] = sorting.get(this.data.player) ?? [];
    const by = this.columns[column];
    if (!by) return rows;
    const { value } = by, sign = down ? -1 : 1;
    return rows.toSorted((a, b) => {
      const x = value(a), y = value(b);
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
  }

  draw() {
    this.columns = columns(this.data.denoised, this.details);
    const [column, down] = sorting.get(this.data.player) ?? [];
    const heads = this.columns.map((one, index) => {
      const sorted = index === column, cell = element("th", this.classOf(one));
      const button = element("button", "", sorted ? `${one.name} ${down ? "↓" : "↑"}` : one.name);
      cell.scope = "col";
      cell.ariaSort = sorted ? (down ? "descending" : "ascending") : "none";
      button.type = "button";
      if (one.help) button.title = one.help;
      button.onclick = () => this.sortBy(index);
      cell.append(button, ...(one.hint ? [element("small", "", one.hint)] : []));
      return cell;
    });
    const focused = [...this.root.querySelectorAll("thead button")].indexOf(this.root.getRootNode().activeElement);
    this.root.querySelector("[data-part=heads]").replaceChildren(...heads);
    if (focused >= 0) heads[focused]?.firstChild.focus(); // drawn anew under the keyboard
    const body = this.data.groups.flatMap((group) => [this.heading(group), ...this.sorted(group.rows).map((row) => this.row(row))]);
    this.root.querySelector("tbody").replaceChildren(...body);
    this.root.querySelector("[data-part=details]").ariaPressed = String(this.details);
  }

  classOf({ first, number }) {
    return `${first ? "first " : ""}${number ? "number" : ""}`;
  }

  heading({ name, note, help, rows }) {
    const line = element("tr", "group"), cell = element("th", "", `${name} (${rows.length})`);
    if (note) cell.append(element("small", "", note));
    cell.colSpan = this.columns.length;
    cell.scope = "colgroup";
    cell.title = help;
    line.append(cell);
    return line;
  }

  row(row) {
    const line = document.createElement("tr"), name = element("th", "", row.detector);
    name.scope = "row";
    name.title = row.does;
    if (row.trained) {
      name.append(element("small", "", row.trained));
      name.title += "\nIt denoises the clip as it learned it, whatever the player's strength.";
    }
    const cells = this.columns.slice(1).map((one) => {
      const cell = element("td", this.classOf(one));
      cell.append(one.make(row));
      return cell;
    });
    line.append(name, ...cells);
    return line;
  }

  download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(this.data.groups, this.data.about)], { type: "text/csv" }));
    link.download = this.data.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  destroy() {
    this.questions.destroy();
    window.removeEventListener("asd-strength", this.onStrength);
  }
}

export default mounting(".asd-scores", ScoreTable);
