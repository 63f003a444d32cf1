// Playing. One source of three channels (recording, y(0), y(1)) keeps them in step to the sample;
// the switch and the strength are gains of those channels, so they can be turned while it plays.

import { mixOf } from "./dsp.js";
import { clamp } from "./units.js";

const RAMP = 0.01, FADE = 0.004; // s: short enough to feel instant, long enough not to click
const contexts = new Map(); // one audio context a sample rate: browsers allow few

function contextOf(rate) {
  if (!contexts.has(rate)) contexts.set(rate, new AudioContext({ sampleRate: rate, latencyHint: "interactive" }));
  return contexts.get(rate);
}

export class Engine {
  constructor(onChange) {
    this.onChange = onChange;
    this.sound = null;
    this.playing = false;
    this.wanted = false; // playing, or about to
    this.rest = 0; // position while silent, s
    this.speed = 1;
    this.looping = false;
    this.loop = null; // [from, to] in s
    this.mix = mixOf("recorded", 0);
    this.gain = 1;
  }

  get duration() {
    return this.sound ? this.sound.length / this.sound.rate : 0;
  }

  setSound(sound, position) {
    this.pause();
    this.sound = sound;
    this.graph = null;
    this.rest = clamp(position, 0, this.duration);
  }

  // The audio nodes from a source to the output of a context.
  build(context) {
    const input = new GainNode(context);
    const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 3 });
    const master = new GainNode(context, { gain: this.gain });
    const meter = new AnalyserNode(context, { fftSize: 2048 });
    input.connect(splitter);
    const channels = {};
    ["raw", "zero", "one"].forEach((name, index) => {
      channels[name] = new GainNode(context, { gain: this.mix[name] });
      if (index < this.sound.buffer.numberOfChannels) splitter.connect(channels[name], index);
      channels[name].connect(master);
    });
    input.channelCountMode = "explicit";
    input.channelCount = 3;
    input.channelInterpretation = "discrete";
    master.connect(meter).connect(context.destination);
    return { context, input, channels, master, meter };
  }

  position() {
    if (!this.playing) return this.rest;
    const passed = Math.max(0, this.graph.context.currentTime - this.since) * this.speed;
    let now = this.from + passed;
    if (this.span && now >= this.span[1]) {
      now = this.span[0] + ((now - this.span[0]) % (this.span[1] - this.span[0]));
    }
    return Math.min(now, this.duration);
  }

  async play() {
    if (!this.sound?.buffer || this.wanted) return;
    this.wanted = true;
    this.graph ??= this.build(contextOf(this.sound.rate)); // no earlier: a browser may not start one without a click
    await this.graph.context.resume();
    if (!this.wanted) return; // paused meanwhile
    if (this.rest >= this.duration - 0.01) this.rest = 0;
    this.start(this.rest);
    this.onChange();
  }

  start(position) {
    const { context, input } = this.graph;
    this.span = this.loop ?? (this.looping ? [0, this.duration] : null);
    if (this.span && (position < this.span[0] || position >= this.span[1])) position = this.span[0];
    const envelope = new GainNode(context, { gain: 0 });
    const source = new AudioBufferSourceNode(context, { buffer: this.sound.buffer, playbackRate: this.speed });
    if (this.span) Object.assign(source, { loop: true, loopStart: this.span[0], loopEnd: this.span[1] });
    const when = context.currentTime + 0.002;
    envelope.gain.setValueAtTime(0, when).linearRampToValueAtTime(1, when + FADE);
    source.connect(envelope).connect(input);
    source.onended = () => {
      if (this.source === source) this.ended();
    };
    source.start(when, position);
    Object.assign(this, { source, envelope, since: when, from: position, playing: true });
  }

  silence() {
    const { source, envelope } = this, now = this.graph.context.currentTime;
    this.source = null;
    envelope.gain.cancelScheduledValues(now);
    envelope.gain.setTargetAtTime(0, now, FADE / 3);
    source.stop(now + 2 * FADE);
  }

  ended() {
    this.rest = this.duration;
    this.playing = this.wanted = false;
    this.source = null;
    this.onChange();
  }

  pause() {
    this.wanted = false;
    if (!this.playing) return;
    this.rest = this.position();
    this.playing = false;
    this.silence();
    this.onChange();
  }

  seek(position) {
    position = clamp(position, 0, this.duration);
    if (!this.playing) {
      this.rest = position;
    } else {
      this.silence();
      this.start(Math.min(position, this.duration - 0.001));
    }
    this.onChange();
  }

  setLoop(looping, region) {
    const before = String([this.looping, this.loop]);
    this.looping = looping;
    this.loop = looping && region ? region : null;
    if (this.playing && before !== String([looping, this.loop])) this.seek(this.position());
  }

  setSpeed(speed) {
    if (this.playing) {
      this.from = this.position();
      this.since = this.graph.context.currentTime;
      this.source.playbackRate.setValueAtTime(speed, this.since);
    }
    this.speed = speed;
  }

  setMix(mix) {
    this.mix = mix;
    if (!this.graph) return;
    for (const [name, node] of Object.entries(this.graph.channels)) this.ramp(node.gain, mix[name]);
  }

  setGain(gain) {
    this.gain = gain;
    if (this.graph) this.ramp(this.graph.master.gain, gain);
  }

  ramp(parameter, target) {
    const now = this.graph.context.currentTime;
    parameter.cancelScheduledValues(now);
    parameter.setValueAtTime(parameter.value, now).linearRampToValueAtTime(target, now + RAMP);
  }

  // RMS and peak of the last moment at the output, 1 is full scale.
  level() {
    if (!this.playing) return { rms: 0, peak: 0 };
    this.scratch ??= new Float32Array(2048);
    this.graph.meter.getFloatTimeDomainData(this.scratch);
    let sum = 0, peak = 0;
    for (const value of this.scratch) {
      sum += value * value;
      peak = Math.max(peak, Math.abs(value));
    }
    return { rms: Math.sqrt(sum / this.scratch.length), peak };
  }
}
