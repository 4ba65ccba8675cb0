function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

/** `; did you mean x?` when one of the names is close to what was written, else nothing. */
export function suggest(written: string, names: readonly string[]): string {
  let best = '';
  let least = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const name of names) {
    const edits = distance(written.slice(0, 60), name);
    if (edits < least) {
      least = edits;
      best = name;
    }
  }
  return best === '' ? '' : `; did you mean ${best}?`;
}
