// The toolbar: every control is a plain HTML element, so that Tab reaches it and a screen reader names it.

import { gradientOf, SCALES } from "../common/colours.js";
import { fill, prepareCanvas } from "./theme.js";
import { clamp, hertz, signed, toDb } from "./units.js";

function decibels(amplitude) {
  return amplitude > 0.001 ? signed(toDb(amplitude), 0) : "\u2013";
}

export class Controls {
  constructor(player, root) {
    this.player = player;
    this.at = (name) => root.querySelector(`[data-part=${name}]`);
    const { at } = this, click = (name, action) => (at(name).onclick = action);
    click("play", () => player.toggle());
    click("back", () => player.back());
    click("loop", () => player.setLooping(!player.looping));
    click("zoom-in", () => player.zoom(0.5));
    click("zoom-out", () => player.zoom(2));
    click("fit", () => player.fit());
    click("recorded", () => player.setVersion("recorded"));
    click("denoised", () => player.setVersion("denoised"));
    click("difference", () => player.set({ difference: !player.difference }));
    click("clear", () => player.select(null, true));
    click("axis", () => player.set({ logarithmic: !player.logarithmic }));
    at("speed").onchange = (event) => player.engine.setSpeed(Number(event.target.value));
    at("gain").oninput = (event) => player.setGain(Number(event.target.value));
    at("gain").ondblclick = () => player.setGain(0);
    at("strength").oninput = (event) => player.setStrength(Number(event.target.value), false);
    at("strength").onchange = (event) => player.setStrength(Number(event.target.value), true);
    at("strength").onblur = () => player.report(0); // the next element on the page gets the strength
    at("kind").onchange = (event) => player.setNoise({ kind: event.target.value, noise: null });
    click("noise", () => player.setNoise({ noise: player.noise ? null : [player.region.t0, player.region.t1] }));
    at("overlay").onchange = (event) => player.setOverlay(event.target.value || null);
    at("ramp").style.background = gradientOf(SCALES.heat);
    at("opacity").oninput = (event) => player.set({ opacity: Number(event.target.value) });
    this.meter = at("meter");
    this.hold = { peak: 0, until: 0 };
    this.clippedUntil = 0;
    this.resize();
  }

  // The meter's width is read here: reading it while it plays would have the browser lay out the page every frame.
  resize() {
    this.meterWidth = this.meter.clientWidth || 110;
  }

  show(name, visible) {
    this.at(name).hidden = !visible;
  }

  press(name, pressed) {
    this.at(name).setAttribute("aria-pressed", String(pressed));
  }

  text(name, text) {
    const element = this.at(name);
    if (element.textContent !== text) element.textContent = text;
  }

  // The list of maps; only rebuilt when it differs, so that an open list stays open.
  list(overlays, chosen) {
    const select = this.at("overlay"), text = JSON.stringify(overlays);
    if (this.listed !== text) {
      this.listed = text;
      select.replaceChildren(new Option("No overlay", ""), ...overlays.map(([key, title]) => new Option(title, key)));
    }
    select.value = chosen ?? "";
    this.show("overlay-group", overlays.length > 0);
    for (const name of ["opacity-group", "map-key"]) this.show(name, Boolean(chosen));
  }

  update(player) {
    const { at } = this, { engine } = player;
    const playing = engine.wanted;
    at("play").setAttribute("aria-label", playing ? "Pause (P)" : "Play (P)");
    at("play").dataset.state = playing ? "playing" : "paused";
    at("play").disabled = !player.sound?.buffer;
    this.press("loop", player.looping);
    this.press("recorded", player.version === "recorded");
    this.press("denoised", player.version === "denoised");
    this.press("difference", player.difference);
    this.show("versions", player.hasEnds);
    this.show("strength-group", player.hasEnds && !player.compact);
    this.show("difference", Boolean(player.normalMean));
    this.noise(player);
    const strength = at("strength");
    if (Number(strength.value) !== player.strength) strength.value = player.strength;
    this.text("strength-text", player.strength.toFixed(2));
    strength.setAttribute("aria-valuetext", `${player.strength.toFixed(2)}${player.strength === 0 ? ", off" : ""}`);
    this.text("gain-text", `${player.gainDb >= 0 ? "+" : ""}${signed(player.gainDb)} dB`);
    at("gain").setAttribute("aria-valuetext", `${player.gainDb.toFixed(1)} decibels`);
    this.list(player.overlays, player.overlay);
    at("opacity").value = player.opacity;
    const { region, regions: [place] } = player;
    this.show("box-key", Boolean(place)); // with a map, the only region is the place where it is strongest
    at("box").style.borderColor = place?.colour ?? "";
    this.show("region", Boolean(region));
    this.show("hint", !region);
    if (region) {
      const band = region.f0 <= 0 && region.f1 >= player.nyquist ? "" : `, ${Math.round(region.f0)}–${hertz(region.f1)}`;
      this.text("region-text", `${region.t0.toFixed(2)}–${region.t1.toFixed(2)} s${band}`);
    }
    const where = region ? `, ${region.t0.toFixed(2)}–${region.t1.toFixed(2)} s` : "";
    this.text("spectrum-title", `Spectrum (Welch)${where}`);
    this.show("legend-denoised", player.hasEnds && player.strength > 0);
    this.show("legend-normal", Boolean(player.reference));
    this.press("axis", player.logarithmic);
  }

  // Only once it is denoised: what is taken for noise says nothing of the recording.
  noise({ hasEnds, noiseChoice, strength, kind, noise, region }) {
    const shown = hasEnds && noiseChoice && strength > 0, stationary = kind === "stationary";
    this.show("kind-group", shown);
    this.at("kind").value = kind;
    this.show("noise", shown && stationary && Boolean(noise || region));
    this.text("noise", noise ? `Noise: ${noise[0].toFixed(2)}–${noise[1].toFixed(2)} s ×` : "Region is noise");
    this.at("noise").title = noise ? "Take the whole clip for the noise again" : "The region holds nothing but noise: take it for that";
  }

  // Bars from -60 to 0 dBFS: RMS filled, the last second's peak as a line, clipping as a lamp.
  drawMeter(player, now) {
    const { rms, peak } = player.engine.level(), { theme } = player;
    // Silence holds nothing: the picture would be drawn anew for ever.
    if (peak >= this.hold.peak || now > this.hold.until) this.hold = { peak, until: peak > 0 ? now + 1000 : 0 };
    if (peak > 1.0) this.clippedUntil = now + 2000;
    const width = this.meterWidth, height = 14, g = prepareCanvas(this.meter, width, height);
    const at = (value) => clamp((toDb(value) + 60) / 60, 0, 1) * (width - 2);
    fill(g, theme.grid, 0, 0, width, height);
    for (const [from, to, colour] of [[-60, -18, "#2fa36b"], [-18, -6, "#c9a227"], [-6, 0, "#d9593d"]]) {
      const x = ((from + 60) / 60) * (width - 2), end = Math.min(at(rms), ((to + 60) / 60) * (width - 2));
      if (end > x) fill(g, colour, x, 2, end - x, height - 4);
    }
    g.fillStyle = theme.text;
    if (this.hold.peak > 0.001) g.fillRect(at(this.hold.peak), 1, 2, height - 2);
    this.text("level-text", `${decibels(rms)} / ${decibels(this.hold.peak)}`);
    this.at("clip").dataset.on = String(now < this.clippedUntil);
  }
}
