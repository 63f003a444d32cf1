// Long computations in slices between two frames, so that nothing on the page waits for them.

const SLICE_MS = 8;

export class Slices {
  // afterSlice is called when a slice has changed something.
  constructor(afterSlice) {
    this.afterSlice = afterSlice;
    this.jobs = new Map(); // in order of urgency
    this.request = 0;
  }

  // Start a generator under a name; a running one of that name is dropped.
  run(name, generator) {
    this.jobs.set(name, generator);
    if (!this.request) this.request = requestAnimationFrame(() => this.slice());
  }

  slice() {
    this.request = 0;
    const until = performance.now() + SLICE_MS;
    for (const [name, job] of this.jobs) {
      let done = false;
      while (!done && performance.now() < until) done = job.next().done;
      if (!done) break;
      this.jobs.delete(name);
    }
    this.afterSlice();
    if (this.jobs.size && !this.request) this.request = requestAnimationFrame(() => this.slice());
  }

  stop() {
    cancelAnimationFrame(this.request);
    this.request = 0;
    this.jobs.clear();
  }
}
