/** Where the numbers of one tensor are gathered: doubles hold every element type up to 53 bits exactly. */
export interface NumberSink {
  /** Single precision where the elements are float32: stored numbers are rounded to it. */
  data: Float64Array | Float32Array;
  length: number;
  /** Set by the readers of runs: how many lists there were, and the size of each. */
  rows: number;
  width: number;
}

/** The data with room for `count` more numbers. */
export function reserveSink(sink: NumberSink, count: number): Float64Array | Float32Array {
  const { data, length } = sink;
  if (length + count <= data.length) return data;
  const room = Math.max(data.length * 2, length + count);
  const grown = data instanceof Float32Array ? new Float32Array(room) : new Float64Array(room);
  grown.set(data.subarray(0, length));
  sink.data = grown;
  return grown;
}
