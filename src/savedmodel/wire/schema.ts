/**
 * Message descriptors as data. A message is a table `field: [number, type, oneof?]`; the type is one of
 * - a scalar (`int32`, `float`, `string`, `bytes`, …), `enum Name`, or the name of another message;
 * - `T?` a scalar whose absence matters, `T[]` repeated, `map<K, V>`;
 * - `lazy Name`: a message kept as its bytes, for whoever wants to decode it later.
 * `int53` is int64 on the wire whose value must be a safe integer, given as a number.
 */
export type FieldRow = readonly [number: number, type: string, oneof?: string];
export type MessageTable = Readonly<Record<string, FieldRow>>;
export type MessageTables = Readonly<Record<string, MessageTable>>;
export type EnumTables = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Scalars {
  int32: number;
  int53: number;
  int64: bigint;
  uint32: number;
  uint64: bigint;
  sint32: number;
  sint64: bigint;
  fixed32: number;
  fixed64: bigint;
  sfixed32: number;
  sfixed64: bigint;
  float: number;
  double: number;
  bool: boolean;
  string: string;
  bytes: Uint8Array;
}

/** Repeated numbers are typed arrays, so that a packed field of millions is one allocation. */
export interface NumberLists {
  int32: Int32Array;
  uint32: Uint32Array;
  sint32: Int32Array;
  fixed32: Uint32Array;
  sfixed32: Int32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  sint64: BigInt64Array;
  fixed64: BigUint64Array;
  sfixed64: BigInt64Array;
  float: Float32Array;
  double: Float64Array;
  bool: Uint8Array;
}

type One<T extends MessageTables, S extends string> = S extends keyof Scalars
  ? Scalars[S]
  : S extends `enum ${string}`
    ? number
    : S extends `lazy ${string}`
      ? Uint8Array
      : S extends keyof T & string
        ? Decoded<T, S>
        : never;

type Many<T extends MessageTables, S extends string> = S extends keyof NumberLists
  ? NumberLists[S]
  : S extends `enum ${string}`
    ? Int32Array
    : readonly One<T, S>[];

type FieldValue<T extends MessageTables, S extends string> = S extends `map<${infer K}, ${infer V}>`
  ? ReadonlyMap<One<T, K>, One<T, V>>
  : S extends `${infer E}[]`
    ? Many<T, E>
    : S extends `${infer E}?`
      ? One<T, E> | undefined
      : S extends keyof Scalars | `enum ${string}`
        ? One<T, S>
        : One<T, S> | undefined;

/** A decoded message: every field is there; absent messages and `T?` scalars are undefined. */
export type Decoded<T extends MessageTables, N extends keyof T> = {
  readonly [F in keyof T[N]]: FieldValue<T, T[N][F][1]>;
};

type OneIn<T extends MessageTables, S extends string> = S extends keyof Scalars
  ? Scalars[S] extends bigint
    ? bigint | number
    : Scalars[S]
  : S extends `enum ${string}`
    ? number
    : S extends `lazy ${string}`
      ? Uint8Array
      : S extends keyof T & string
        ? Encodable<T, S>
        : never;

type FieldIn<T extends MessageTables, S extends string> = S extends `map<${infer K}, ${infer V}>`
  ? ReadonlyMap<One<T, K>, OneIn<T, V>>
  : S extends `${infer E}[]`
    ? Iterable<OneIn<T, E>>
    : S extends `${infer E}?`
      ? OneIn<T, E> | undefined
      : OneIn<T, S> | undefined;

/** What `encodeMessage` takes: any subset of the fields. Defaults of scalars without `?` are not written. */
export type Encodable<T extends MessageTables, N extends keyof T> = {
  readonly [F in keyof T[N]]?: FieldIn<T, T[N][F][1]>;
};

export type ScalarName = keyof Scalars;

/** One field, ready for the decoder, the encoder and the text parser. */
export interface Field {
  readonly name: string;
  readonly number: number;
  readonly kind: 'scalar' | 'message' | 'map';
  /** Scalar type; enums are int32. */
  readonly scalar: ScalarName;
  readonly enumName: string;
  /** Message type of a message, a lazy message or a map's value. */
  readonly message: string;
  readonly isRepeated: boolean;
  /** Absence gives undefined and a default is written all the same. */
  readonly hasPresence: boolean;
  readonly isLazy: boolean;
  /** Key and value of a map as the fields 1 and 2 of its entry message. */
  readonly entry: CompiledMessage | undefined;
  /** Names of the other members of its oneof. */
  readonly rivals: readonly string[];
}

export interface CompiledMessage {
  readonly name: string;
  readonly fields: readonly Field[];
  /** By field number; a hole is an unknown field. */
  readonly byNumber: readonly (Field | undefined)[];
  readonly byName: ReadonlyMap<string, Field>;
  /** A message with no field set; lists and maps in it are shared and must be replaced, not changed. */
  readonly template: Readonly<Record<string, unknown>>;
  /** Makes a message that inherits the template, so that only fields which occur take memory. */
  readonly Target: new () => Record<string, unknown>;
}

export interface Schema<T extends MessageTables = MessageTables> {
  readonly tables: T;
  readonly enums: EnumTables;
  /** The compiled message; messages are compiled on first use. */
  message(name: string): CompiledMessage;
}
