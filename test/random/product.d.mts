import type { Product } from './check.mjs';

export function loadProduct(root: URL): Promise<Product>;
