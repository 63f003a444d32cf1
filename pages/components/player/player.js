// One player: what it shows, what it plays, and what it reports to Python.

import { SCALES } from "../common/colours.js";
import { mounting } from "../common/mount.js";
import { Controls } from "./controls.js";
import { Analyser, mixOf } from "./dsp.js";
import { Engine } from "./engine.js";
import { Envelope } from "./envelope.js";
import { leave, onPlayerKey, players, use } from "./keys.js";
import { Marks } from "./marks.js";
import { Picture, TILE } from "./picture.js";
import { Pointer } from "./pointer.js";
import { Slices } from "./slices.js";
import { fetchSound, soundKey } from "./sounds.js";
import { SpectrumPanel } from "./spectrum.js";
import { Stage } from "./stage.js";
import { readTheme } from "./theme.js";
import { clamp, clock, floats, rowToHz, signed, toDb } from "./units.js";
import { Welch } from "./welch.js";

const REPORT_AFTER = 80; // ms of rest before a change is reported to Python
const REST = 700; // ms of rest before a strength is reported that another component on the page follows already
const READ_EVERY = 50; // ms between two figures while it plays: nobody reads faster, and each has the page laid out anew
const SHORTEST_VIEW = 0.02; // s
const memory = new Map(); // where a player was, should the page draw it anew

class Player {
  constructor(root) {
    this.root = root;
    this.engine = new Engine(() => this.changed());
    this.slices = new Slices(() => this.redraw());
    this.pending = [];
    this.version = "recorded";
    this.strength = this.turn = 0;
    this.region = this.overlay = this.heat = this.noise = null;
    this.kind = "stationary";
    this.looping = this.difference = this.logarithmic = false;
    this.opacity = 0.9;
    this.extraDb = this.readAt = 0;
    this.view = { from: 0, to: 1 };
    players.add(this);
    root.onkeydown = (event) => onPlayerKey(this, event);
    root.onpointerdown = root.onfocusin = () => use(this);
  }

  // New data or a new theme.
  receive(component) {
    const { data } = component, before = this.data;
    this.component = component;
    this.data = data;
    if (!before) this.build(data);
    this.theme = readTheme(this.root, data.colours);
    for (const name of ["recorded", "denoised"]) this.root.style.setProperty(`--${name}`, this.theme[name]);
    const sameClip = before && before.clip.id === data.clip.id && before.clip.length === data.clip.length;
    const sameSound = sameClip && soundKey(before.files) === soundKey(data.files);
    if (!before || JSON.stringify(before.mel) !== JSON.stringify(data.mel)) this.analyser = new Analyser(data.mel);
    this.duration = data.clip.length / data.clip.rate;
    this.nyquist = data.clip.rate / 2;
    this.nMels = data.mel.n_mels;
    this.hasEnds = Boolean(data.files.one);
    this.peak = data.peak;
    this.overlays = data.overlays;
    this.regions = data.regions;
    this.adoptState(data.state);
    if (JSON.stringify(before?.heat) !== JSON.stringify(data.heat)) this.heatData = data.heat && this.unpack(data.heat);
    if (JSON.stringify(before?.reference) !== JSON.stringify(data.reference)) {
      this.reference = data.reference && Object.fromEntries(
        ["frequencies", "low", "median", "high"].map((name) => [name, floats(data.reference[name])]));
      this.normalMean = data.reference?.mel_mean ? floats(data.reference.mel_mean) : null;
    }
    this.difference = this.difference && Boolean(this.normalMean);
    if (!sameClip) this.view = { from: 0, to: this.duration };
    if (!sameSound) this.fetch(data, sameClip);
    this.engine.setGain(this.linearGain);
    if (sameSound) this.jump();
    this.update();
  }

  unpack(heat) {
    return { ...heat, values: Uint8Array.from(atob(heat.values), (c) => c.charCodeAt(0)) };
  }

  build(data) {
    this.compact = data.size !== "full";
    this.noiseChoice = data.noiseChoice;
    const part = (name) => this.root.querySelector(`[data-part=${name}]`);
    this.root.classList.toggle("compact", this.compact);
    this.root.classList.toggle("large", data.size === "large");
    this.stage = new Stage(part("base"), data.size);
    this.marks = new Marks(part("top"), part("cursor"), this.stage);
    this.panel = new SpectrumPanel(part("spectrum"), this.stage);
    this.pointer = new Pointer(this, part("top"));
    this.controls = new Controls(this, this.root);
    part("spectrum").onpointermove = (event) => {
      this.panel.hover = this.panel.frequencyOf(event.offsetX, this.scene());
      this.panel.draw(this.scene());
      this.controls.text("readout", this.panel.readout(this.scene(), this.panel.hover));
    };
    part("spectrum").onpointerleave = () => {
      this.panel.hover = null;
      this.panel.draw(this.scene());
      this.controls.text("readout", "");
    };
    this.observer = new ResizeObserver(() => {
      const { clientWidth, clientHeight } = part("base").parentElement;
      this.stage.resize(clientWidth, clientHeight);
      this.marks.resize();
      this.controls.resize();
      this.redraw();
    });
    this.observer.observe(part("base").parentElement);
  }

  async fetch(data, sameClip) {
    this.aborter?.abort();
    this.aborter = new AbortController();
    const { signal } = this.aborter;
    this.message = data.files.raw ? "Loading the sound …" : "No sound here";
    this.root.dataset.ready = "false";
    if (!sameClip) {
      this.engine.pause();
      this.sound = null;
    }
    if (!data.files.raw) return;
    try {
      const sound = await fetchSound(data.files, data.clip.rate, signal);
      if (signal.aborted) return;
      const remembered = memory.get(data.key)?.clip === data.clip.id ? memory.get(data.key).position : 0;
      const goOn = sameClip && this.engine.wanted;
      this.adopt(sound, sameClip && this.engine.sound ? this.engine.position() : remembered);
      this.jump();
      // A browser lets no sound start before the first click or key on a page.
      if (goOn || (data.autoplay && !sameClip && navigator.userActivation?.hasBeenActive !== false)) this.play();
    } catch (error) {
      if (signal.aborted) return;
      this.sound = null;
      this.message = error.message;
      this.redraw();
    }
  }

  adopt(sound, position) {
    this.sound = sound;
    this.engine.setSound(sound, position);
    this.engine.setMix(this.mix);
    this.picture = new Picture(sound, this.analyser);
    this.filling = this.enveloping = null;
    this.envelopes = { recorded: new Envelope(sound), mixed: new Envelope(sound) };
    this.slices.stop();
    this.welch = new Welch(sound, this.analyser);
    this.levelRange = this.picture.range();
    this.slices.run("recorded", this.envelopes.recorded.build(mixOf("recorded", 0)));
    this.measure();
    if (!sound.buffer) this.controls.text("readout", "This browser cannot play this sample rate.");
    this.update();
    this.root.dataset.clip = this.data.clip.id;
    this.root.dataset.ready = "true";
  }

  get mix() {
    return mixOf(this.hasEnds ? this.version : "recorded", this.strength);
  }

  get gainDb() {
    return toDb(this.data.gain) + this.extraDb;
  }

  get linearGain() {
    return 10 ** (this.gainDb / 20);
  }

  // Python's state counts unless it only repeats what this player has reported.
  adoptState(state) {
    const text = JSON.stringify(state), known = this.pending.indexOf(text);
    if (text === this.state) return;
    this.state = text;
    if (known >= 0) {
      this.pending.splice(0, known + 1);
      return;
    }
    this.pending = [];
    for (const name of ["version", "strength", "region", "overlay", "kind", "noise", "turn"]) this[name] = state[name];
    this.engine.setMix(this.mix);
    this.loop();
    if (this.sound) this.measure();
  }

  report(after = REPORT_AFTER) {
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => {
      const { version, strength, region, overlay, kind, noise } = this;
      const state = { clip: this.data.clip.id, strength, version, region, overlay, kind, noise, turn: this.turn };
      if (JSON.stringify(state) === (this.pending.at(-1) ?? this.state)) return;
      state.turn = ++this.turn; // so that Python knows whether what it asked for came before or after
      this.pending.push(JSON.stringify(state));
      this.component.setStateValue("state", state);
    }, after);
  }

  // The spectrum of the clip, or of the selected time.
  measure() {
    const { rate, length } = this.sound, region = this.region;
    const from = region ? Math.round(region.t0 * rate) : 0, to = region ? Math.round(region.t1 * rate) : length;
    this.slices.run("welch", this.welch.build(from, to));
  }

  async play() {
    use(this);
    window.dispatchEvent(new CustomEvent("asd-play", { detail: this }));
    for (const sound of document.querySelectorAll("audio, video")) sound.pause();
    const playing = this.engine.play();
    this.changed();
    await playing;
  }

  toggle() {
    if (this.engine.wanted) this.engine.pause();
    else this.play();
    this.changed();
  }

  back() {
    this.seek(this.engine.position() - 1);
  }

  seek(position) {
    this.engine.seek(position);
    this.follow();
    this.changed();
  }

  // To where Python asks for, once.
  jump() {
    const { key, seek } = this.data, before = memory.get(key);
    if (!seek || before?.seek === seek[1]) return;
    memory.set(key, { ...before, seek: seek[1] });
    this.seek(seek[0]);
  }

  setLooping(looping) {
    this.looping = looping;
    this.loop();
    this.changed();
  }

  loop() {
    this.engine.setLoop(this.looping, this.region && [this.region.t0, this.region.t1]);
  }

  // Denoised sound at no strength would be the recording: it begins at the usual one.
  setVersion(version) {
    this.version = version;
    if (version === "denoised" && this.strength === 0) {
      this.strength = this.data.usual;
      this.followed(this.strength);
    }
    this.report(0);
    this.remix();
  }

  // What the denoiser takes for noise: Python denoises anew.
  setNoise(choices) {
    Object.assign(this, choices);
    this.report(0);
    this.changed();
  }

  // Turning the strength switches to the denoised sound.
  setStrength(strength, released) {
    if (strength !== this.strength) this.version = "denoised";
    this.strength = strength;
    if (this.followed(strength)) this.report(REST);
    else if (released) this.report(0); // it was let go: nothing more is to come
    this.remix();
  }

  // Whether something else on the page, such as a table of scores, follows the strength.
  followed(strength) {
    const detail = { key: this.data.key, clip: this.data.clip.id, strength, turn: this.turn };
    return !window.dispatchEvent(new CustomEvent("asd-strength", { detail, cancelable: true }));
  }

  remix() {
    this.engine.setMix(this.mix);
    this.update();
  }

  update() {
    this.changed();
    this.redraw();
  }

  setGain(extra) {
    this.extraDb = extra;
    this.controls.at("gain").value = extra;
    this.engine.setGain(this.linearGain);
    this.changed();
  }

  setOverlay(key) {
    this.overlay = key;
    this.report();
    this.update();
  }

  // What only this browser knows of: overlay's opacity, difference from normal, logarithmic frequencies.
  set(choices) {
    Object.assign(this, choices);
    this.update();
  }

  select(region, finished) {
    const shortest = region && region.t1 - region.t0 < 0.005;
    this.region = shortest ? null : region;
    if (finished) {
      this.loop();
      if (this.sound) this.measure();
      this.report();
    }
    this.changed();
  }

  // Select by keyboard: from or up to the cursor.
  selectEdge(edge) {
    const region = { t0: 0, t1: this.duration, f0: 0, f1: this.nyquist, ...this.region, [edge]: this.engine.position() };
    if (region.t1 <= region.t0) region[edge === "t0" ? "t1" : "t0"] = edge === "t0" ? this.duration : 0;
    this.select(region, true);
  }

  look(from, to) {
    const span = clamp(to - from, SHORTEST_VIEW, this.duration);
    from = clamp(from, 0, this.duration - span);
    this.view = { from, to: from + span };
    this.redraw();
  }

  zoom(factor, about) {
    const { from, to } = this.view, position = this.engine.position();
    about ??= position >= from && position <= to ? position : (from + to) / 2;
    const span = clamp((to - from) * factor, SHORTEST_VIEW, this.duration), share = clamp((about - from) / (to - from), 0, 1);
    this.look(about - share * span, about + (1 - share) * span);
  }

  fit() {
    this.look(0, this.duration);
  }

  // Turn the page when the cursor leaves what is seen.
  follow() {
    const position = this.engine.position(), { from, to } = this.view;
    if (this.pointer.gesture || (position >= from && position <= to)) return;
    const start = position > to ? position - (to - from) * 0.05 : position - (to - from) * 0.5;
    this.look(start, start + to - from);
  }

  hover(place) {
    this.place = place;
    const { stage, sound, view } = this;
    const inside = place && sound && place.x >= stage.left && place.x <= stage.left + stage.inner && place.part !== "ruler";
    this.crosshair = inside ? place : null;
    this.root.querySelector("[data-part=top]").style.cursor = place?.part === "ruler" ? "ew-resize" : "crosshair";
    this.readout = () => "";
    if (inside) {
      const t = stage.timeOf(view, place.x), sample = clamp(Math.round(t * sound.rate), 0, sound.length - 1);
      if (place.part === "wave") {
        const step = ((view.to - view.from) * sound.rate) / stage.inner;
        const [low, high] = this.envelopeNow().extremes(this.mix, sample - step / 2, sample + step / 2);
        this.readout = () => `${t.toFixed(3)} s · peak ${signed(toDb(Math.max(-low, high)))} dB`;
      } else {
        const row = stage.rowOf(place.y, this.nMels), m = clamp(Math.floor(row), 0, this.nMels - 1);
        const h = this.hop(), column = this.picture.column(Math.max(0, this.picture.columnAt(t * sound.rate, h)), h);
        const level = column ? column[0][column[1] + m] : null;
        const above = level !== null && this.difference ? level - this.normalMean[m] : null;
        const more = above === null ? "" : ` (normal ${above >= 0 ? "+" : ""}${signed(above)} dB)`;
        this.readout = () => `${t.toFixed(3)} s · ${Math.round(rowToHz(row, this.nMels, this.nyquist))} Hz · ${level === null ? "…" : `${signed(level)} dB`}${more}`;
      }
    }
    this.controls.text("readout", this.readout());
    this.drawMarks();
  }

  hop() {
    const width = Math.min(this.stage.inner, 1500);
    return this.picture.hopFor((this.view.to - this.view.from) * this.sound.rate, width);
  }

  envelopeNow() {
    return this.mix.raw ? this.envelopes.recorded : this.envelopes.mixed;
  }

  // All that the drawing code needs to know: what the player has, and what follows from it.
  scene() {
    const heat = this.overlay && this.heatData?.key === this.overlay ? this.heatData : null;
    const normal = this.difference ? this.normalMean : null;
    return Object.assign(Object.create(this), {
      heat, normal,
      hop: this.sound ? this.hop() : 0,
      range: normal ? [-20, 20] : (this.levelRange ?? [-80, 0]),
      scale: normal ? this.theme.difference : heat ? SCALES.grey : SCALES.level, // one hue a meaning: grey below an overlay
    });
  }

  // Draw what lasts; at most once a frame.
  redraw() {
    this.drawing ||= requestAnimationFrame(() => {
      this.drawing = 0;
      if (!this.root.isConnected) return;
      this.prepare();
      const scene = this.scene();
      this.stage.draw(scene);
      if (!this.compact) this.panel.draw(scene);
      this.drawMarks();
    });
  }

  // Start what the next picture lacks.
  prepare() {
    if (!this.sound) return;
    const { picture, mix, view } = this, h = this.hop(), [first, last] = picture.columnsIn(view, h);
    picture.setMix(mix);
    const wanted = `${mix.key}:${h}:${Math.floor(first / TILE)}:${Math.floor(last / TILE)}`;
    if (wanted !== this.filling) {
      this.filling = wanted;
      this.slices.run("picture", picture.fill(h, first, last));
    }
    if (!mix.raw && this.enveloping !== mix.key) {
      this.enveloping = mix.key;
      this.slices.run("mixed", this.envelopes.mixed.build(mix));
    }
  }

  drawMarks() {
    this.stale = false;
    this.marks.draw(this.scene(), this.crosshair);
    this.marks.point(this.view, this.engine.position());
  }

  // Playback or a choice has changed: show it, and keep the cursor moving while it plays.
  changed() {
    const { dataset } = this.root;
    dataset.playing = String(this.engine.wanted);
    dataset.version = this.version;
    dataset.strength = this.strength.toFixed(2);
    dataset.duration = this.duration.toFixed(3);
    dataset.clip = this.data.clip.id;
    this.controls.update(this);
    this.stale = true;
    this.frame ||= requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    this.frame = 0;
    const position = this.engine.position();
    this.root.dataset.position = position.toFixed(4);
    memory.set(this.data.key, { ...memory.get(this.data.key), clip: this.data.clip.id, position });
    if (this.engine.playing) this.follow();
    if (this.stale || !this.engine.wanted || now > this.readAt) this.read(position, now);
    if (this.stale) this.drawMarks();
    else this.marks.point(this.view, position);
    if (this.engine.wanted || now < this.controls.clippedUntil || now < this.controls.hold.until) {
      this.frame = requestAnimationFrame((next) => this.tick(next));
    }
  }

  // Figures: time and level.
  read(position, now) {
    this.readAt = now + READ_EVERY;
    this.controls.text("time", clock(position));
    this.controls.text("total", clock(this.duration));
    const top = this.root.querySelector("[data-part=top]");
    top.setAttribute("aria-valuemax", this.duration.toFixed(2));
    top.setAttribute("aria-valuenow", position.toFixed(2));
    top.setAttribute("aria-valuetext", `${position.toFixed(1)} of ${this.duration.toFixed(1)} seconds`);
    this.controls.drawMeter(this, now);
  }

  destroy() {
    this.engine.pause();
    this.slices.stop();
    this.observer.disconnect();
    this.aborter?.abort();
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.drawing);
    clearTimeout(this.reporting);
    leave(this);
  }
}

export default mounting(".asd-player", Player);
