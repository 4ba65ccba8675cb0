/** Types a field can have, with the type of its value. */
export interface FieldTypes {
  integer: number;
  number: number;
  boolean: boolean;
  string: string;
  integers: readonly number[];
}

export type FieldType = keyof FieldTypes;

export type Section =
  | 'Listening'
  | 'Models'
  | 'Loading'
  | 'Batching'
  | 'Processes'
  | 'Compute'
  | 'Limits'
  | 'Log'
  | 'Accepted for TensorFlow Serving';

/** One row of the configuration: from it come the flag, the environment variable, the schema and the docs. */
export interface Field<T extends FieldType = FieldType> {
  readonly type: T;
  /** Absent: the field has no value unless it is given. */
  readonly default?: FieldTypes[T];
  readonly section: Section;
  readonly about: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Words that an integer field takes in place of a number, with the number each stands for. */
  readonly words?: Readonly<Record<string, number>>;
  /** Where the word comes from. */
  readonly origin?: 'TensorFlow Serving' | 'gunicorn';
  /** Set on a field that is accepted and changes nothing: why. */
  readonly meaningless?: string;
  /** Accepted only with this value (or the default); anything else is refused with `meaningless`. */
  readonly isRefused?: boolean;
}

function field<T extends FieldType>(type: T) {
  return <R extends Omit<Field<T>, 'type'>>(row: R) => ({ type, ...row });
}

/** Rows of one type each, so that a default of another type does not compile. */
export const integer = field('integer');
export const number = field('number');
export const boolean = field('boolean');
export const text = field('string');
export const integers = field('integers');
