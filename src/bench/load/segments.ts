/** A part of the stream: offsets from its own start, which is a `monotonicMs`. */
export interface Segment {
  readonly startMs: number;
  readonly offsetsMs: Float64Array;
}

/** Walks the intended times of segments in order; segments are added while it walks. */
export class SegmentCursor {
  private readonly segments: Segment[] = [];
  private index = 0;

  add(segment: Segment): void {
    this.segments.push(segment);
  }

  /** The next intended time; undefined where no more are known. */
  peekMs(): number | undefined {
    for (;;) {
      const segment = this.segments[0];
      if (segment === undefined) return undefined;
      if (this.index < segment.offsetsMs.length) return segment.startMs + segment.offsetsMs[this.index]!;
      this.segments.shift();
      this.index = 0;
    }
  }

  /** The segment and place of what `peekMs` told, stepping over it. */
  take(): { readonly segment: Segment; readonly index: number } {
    return { segment: this.segments[0]!, index: this.index++ };
  }

  /** Steps over everything due by `nowMs`; whether there was any. */
  skipDue(nowMs: number): boolean {
    let isAny = false;
    for (let due = this.peekMs(); due !== undefined && due <= nowMs; due = this.peekMs()) {
      this.index++;
      isAny = true;
    }
    return isAny;
  }
}
