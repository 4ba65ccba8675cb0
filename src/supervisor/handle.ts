/** One handler for each kind of a tagged union. */
export type Handlers<U extends { readonly kind: string }> = {
  readonly [K in U['kind']]: (value: Extract<U, { readonly kind: K }>) => void;
};

/** Calls the handler of the value's kind; a kind that is not in the table is passed over. */
export function handle<U extends { readonly kind: string }>(handlers: Handlers<U>, value: U): void {
  const handler = (handlers as unknown as Readonly<Record<string, ((value: U) => void) | undefined>>)[
    value.kind
  ];
  handler?.(value);
}
