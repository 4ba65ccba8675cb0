const SLOTS = 4;
const SLOT_MS = 50;

/**
 * Counts the requests whose body is on its way. Whoever takes longer than 200 ms to send one is not counted any
 * more: a client that dawdles must not keep others out.
 */
export class Announced {
  readonly #counts = new Float64Array(SLOTS);
  #slot = 0;

  /** Counts one; what it gives is for `remove`. */
  add(now: number): number {
    this.#turnTo(now);
    const at = this.#slot % SLOTS;
    this.#counts[at] = this.#counts[at]! + 1;
    return this.#slot;
  }

  remove(slot: number, now: number): void {
    this.#turnTo(now);
    const at = slot % SLOTS;
    if (this.#slot - slot < SLOTS && this.#counts[at]! > 0) this.#counts[at] = this.#counts[at]! - 1;
  }

  count(now: number): number {
    this.#turnTo(now);
    let sum = 0;
    for (const each of this.#counts) sum += each;
    return sum;
  }

  #turnTo(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    const passed = Math.min(slot - this.#slot, SLOTS);
    if (passed <= 0) return;
    for (let back = 0; back < passed; back++) this.#counts[(slot - back) % SLOTS] = 0;
    this.#slot = slot;
  }
}
