import { decodeMessage } from '../../savedmodel/wire/decode.js';
import { encodeMessage } from '../../savedmodel/wire/encode.js';
import { GRPC_SCHEMA, type MessageIn, type MessageOut } from '../messages.js';
import type { CallHandler, MethodHandlers, ServerCall } from '../server-call.js';
import { GRPC_CODES, OK } from '../status.js';
import { type DescribedFile, type DescribedMethod, describeFiles } from './descriptors.js';
import { FURTHER_ROOTS, PACKAGES, REFLECTION_PACKAGES } from './packages.js';

type Answer = Omit<MessageOut<'ServerReflectionResponse'>, 'valid_host' | 'original_request'>;
type Request = MessageIn<'ServerReflectionRequest'>;

const NAME = 'ServerReflection';
const METHOD = 'ServerReflectionInfo';

/** Every file of descriptors, by its name and by the names in it. */
class DescriptorBook {
  readonly #byFile = new Map<string, DescribedFile>();
  readonly #bySymbol = new Map<string, DescribedFile>();

  constructor(
    readonly services: readonly string[],
    files: readonly DescribedFile[],
  ) {
    for (const file of files) {
      this.#byFile.set(file.name, file);
      for (const symbol of file.symbols) this.#bySymbol.set(symbol, file);
    }
  }

  findFile(name: string): DescribedFile | undefined {
    return this.#byFile.get(name);
  }

  /** The file of a message, enum, service or method, or of something declared inside of one. */
  findSymbol(name: string): DescribedFile | undefined {
    const found = this.#bySymbol.get(name);
    const outer = name.slice(0, Math.max(name.lastIndexOf('.'), 0));
    return found ?? (outer === '' ? undefined : this.findSymbol(outer));
  }

  /** A file and, behind it, all it depends on. */
  listWithDependencies(file: DescribedFile): Uint8Array[] {
    const found = new Set([file]);
    for (const each of found)
      for (const name of each.dependencies) {
        const next = this.#byFile.get(name);
        if (next !== undefined) found.add(next);
      }
    return [...found].map(({ bytes }) => bytes);
  }
}

function openBook(methods: readonly DescribedMethod[]): DescriptorBook {
  const own = REFLECTION_PACKAGES.map(({ name }) => ({
    service: `${name}.${NAME}`,
    name: METHOD,
    request: 'ServerReflectionRequest',
    answer: 'ServerReflectionResponse',
    isRequestStream: true,
    isAnswerStream: true,
  }));
  const files = [
    ...describeFiles(GRPC_SCHEMA, PACKAGES, methods, FURTHER_ROOTS),
    ...REFLECTION_PACKAGES.flatMap((home, index) =>
      describeFiles(GRPC_SCHEMA, [home], own.slice(index, index + 1), []),
    ),
  ];
  const services = new Set([...methods, ...own].map(({ service }) => service));
  return new DescriptorBook([...services].sort(), files);
}

function answerRequest(book: DescriptorBook, request: Request): Answer {
  const missing = (what: string): Answer => ({
    error_response: { error_code: GRPC_CODES.NOT_FOUND, error_message: `${what} is not known` },
  });
  const give = (file: DescribedFile | undefined, what: string): Answer =>
    file === undefined
      ? missing(what)
      : { file_descriptor_response: { file_descriptor_proto: book.listWithDependencies(file) } };
  const { file_by_filename: file, file_containing_symbol: symbol } = request;
  if (file !== undefined) return give(book.findFile(file), `file ${file}`);
  if (symbol !== undefined) return give(book.findSymbol(symbol), `symbol ${symbol}`);
  if (request.list_services !== undefined)
    return { list_services_response: { service: book.services.map((name) => ({ name })) } };
  const type = request.all_extension_numbers_of_type;
  if (type !== undefined)
    return book.findSymbol(type) === undefined
      ? missing(`type ${type}`)
      : { all_extension_numbers_response: { base_type_name: type, extension_number: [] } };
  if (request.file_containing_extension !== undefined) return missing('the extension');
  return {
    error_response: {
      error_code: GRPC_CODES.INVALID_ARGUMENT,
      error_message: 'the request asks for nothing',
    },
  };
}

const LIMITS = { what: 'request', code: 'TFD_INPUT_INVALID', limitCode: 'TFD_INPUT_INVALID' } as const;

/** gRPC server reflection, v1 and v1alpha, over these methods; descriptors are made on the first question. */
export function createReflection(methods: readonly DescribedMethod[]): MethodHandlers {
  let book: DescriptorBook | undefined;
  const serve = (call: ServerCall): CallHandler => ({
    message(bytes) {
      book ??= openBook(methods);
      try {
        const request = decodeMessage(GRPC_SCHEMA, 'ServerReflectionRequest', bytes, LIMITS);
        const answer = {
          valid_host: request.host,
          original_request: request,
          ...answerRequest(book, request),
        };
        call.send(encodeMessage(GRPC_SCHEMA, 'ServerReflectionResponse', answer));
      } catch {
        call.end({ name: 'INVALID_ARGUMENT', details: 'the request can not be read' });
      }
    },
    end: () => call.end(OK),
    cancelled() {},
  });
  return new Map(REFLECTION_PACKAGES.map(({ name }) => [`/${name}.${NAME}/${METHOD}`, serve]));
}
