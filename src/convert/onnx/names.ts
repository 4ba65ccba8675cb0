/** Gives out names that are unique in one ONNX file, its subgraphs included. */
export class NameScope {
  readonly #taken = new Set<string>();
  readonly #reserved = new Set<string>();
  readonly #next = new Map<string, number>();

  /** `wanted`, or `wanted__1`, `wanted__2`… when it is taken. */
  take(wanted: string): string {
    const base = wanted === '' ? 'value' : wanted;
    let name = base;
    let number = this.#next.get(base) ?? 0;
    while (this.#taken.has(name)) name = `${base}__${++number}`;
    this.#next.set(base, number);
    this.#taken.add(name);
    return name;
  }

  /** Keeps a name for whoever claims it. */
  reserve(name: string): void {
    this.#taken.add(name);
    this.#reserved.add(name);
  }

  /** A reserved name, the first time; else like `take`. */
  claim(wanted: string): string {
    return this.#reserved.delete(wanted) ? wanted : this.take(wanted);
  }
}
