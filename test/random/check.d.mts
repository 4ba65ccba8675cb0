export interface Row {
  readonly name: string;
  readonly outcome: 'match' | 'shape' | 'refused' | 'differs';
  readonly why: string;
  readonly hides: string;
  readonly ops: readonly string[];
  readonly comparisons: number;
}

export interface RandomGraph {
  readonly name: string;
}

export type Product = Readonly<Record<string, unknown>>;

export function readGraphs(product: Product, path: string): RandomGraph[];
export function checkGraphs(
  product: Product,
  graphs: readonly RandomGraph[],
  workDir: string,
): Promise<Row[]>;
