// The samples of a clip: fetched once as files of 32-bit floats, cached for a while in case the player is drawn anew.

const CACHE_BYTES = 160e6;
const cache = new Map(); // by address; the component that fetches ahead shares this module

class Sound {
  constructor(rate, raw, zero, one) {
    Object.assign(this, { rate, length: raw.length, raw, zero, one, buffer: null });
    try {
      this.buffer = new AudioBuffer({ numberOfChannels: one ? 3 : 1, length: raw.length, sampleRate: rate });
    } catch {
      return; // a rate that this browser cannot play: the pictures still work
    }
    // From here on the samples live in the buffer that is played, once.
    ["raw", "zero", "one"].slice(0, this.buffer.numberOfChannels).forEach((name, channel) => {
      this.buffer.copyToChannel(this[name], channel);
      this[name] = this.buffer.getChannelData(channel);
    });
  }

  get bytes() {
    return this.length * 4 * (this.one ? 3 : 1);
  }
}

// A file may be registered a moment after the page gets its address, when two runs of the script overlap.
async function fetchSamples(url, signal) {
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(url, { signal });
    if (answer.ok) return new Float32Array(await answer.arrayBuffer());
    if (attempt === 4) throw new Error("The sound could not be fetched: reload the page.");
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

export async function fetchSound(files, rate, signal) {
  const key = soundKey(files);
  let sound = cache.get(key);
  if (!sound) {
    const urls = [...new Set([files.raw, files.zero, files.one].filter(Boolean))];
    const fetched = new Map();
    await Promise.all(urls.map(async (url) => fetched.set(url, await fetchSamples(url, signal))));
    sound = new Sound(rate, fetched.get(files.raw), fetched.get(files.zero), fetched.get(files.one));
  }
  cache.delete(key);
  cache.set(key, sound);
  let total = [...cache.values()].reduce((sum, one) => sum + one.bytes, 0);
  for (const [old, one] of cache) {
    if (total <= CACHE_BYTES || old === key) break;
    cache.delete(old);
    total -= one.bytes;
  }
  return sound;
}

export function soundKey(files) {
  return [files.raw, files.zero, files.one].join(" ");
}
