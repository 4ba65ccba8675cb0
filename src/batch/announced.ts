const SLOTS = 4;
const SLOT_MS = 50;

/**
 * A sum over requests whose body is on its way. Who has not been renewed for 200 ms does not count any more: a
 * client that dawdles must not keep others out.
 */
export class Announced {
  readonly #sums = new Float64Array(SLOTS);
  #slot = 0;

  /** Adds `weight`; what it gives is for `remove`. */
  add(weight: number, now: number): number {
    this.#turnTo(now);
    const at = this.#slot % SLOTS;
    this.#sums[at] = this.#sums[at]! + weight;
    return this.#slot;
  }

  remove(slot: number, weight: number, now: number): void {
    this.#turnTo(now);
    const at = slot % SLOTS;
    if (this.#slot - slot < SLOTS) this.#sums[at] = Math.max(this.#sums[at]! - weight, 0);
  }

  sum(now: number): number {
    this.#turnTo(now);
    let sum = 0;
    for (const each of this.#sums) sum += each;
    return sum;
  }

  #turnTo(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    const passed = Math.min(slot - this.#slot, SLOTS);
    if (passed <= 0) return;
    for (let back = 0; back < passed; back++) this.#sums[(slot - back) % SLOTS] = 0;
    this.#slot = slot;
  }
}
