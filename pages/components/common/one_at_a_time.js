// Requests to Python, one at a time: the next one is sent after the answer, and of those made meanwhile only the last
// counts.

const GIVE_UP = 3000; // ms after which an answer is no longer waited for

export class OneAtATime {
  // isThere: whether Python has a value already; a request that changes nothing would get no answer.
  constructor(ask, isThere) {
    this.ask = ask;
    this.isThere = isThere;
    this.forget();
  }

  forget() {
    this.asked = this.wanted = null;
  }

  want(value) {
    this.wanted = value;
    this.next();
  }

  next() {
    if (this.asked !== null || this.wanted === null) return;
    const { wanted } = this;
    this.wanted = null;
    if (this.isThere(wanted)) return;
    this.asked = wanted;
    this.ask(wanted);
    this.waiting = setTimeout(() => this.answered(), GIVE_UP);
  }

  answered() {
    clearTimeout(this.waiting);
    this.asked = null;
    this.next();
  }

  destroy() {
    clearTimeout(this.waiting);
  }
}
