/** A pattern of RE2 as a JavaScript regular expression, or why it can not be one. */
export type Re2Translation = { readonly pattern: RegExp } | { readonly refusal: string };

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** RE2's Perl classes are ASCII only and \s has no vertical tab; JavaScript's differ. */
const PERL_CLASSES: Readonly<Record<string, string>> = { d: '0-9', w: '0-9A-Za-z_', s: '\\t\\n\\f\\r ' };

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  a: '\\x07',
  f: '\\f',
  n: '\\n',
  r: '\\r',
  t: '\\t',
  v: '\\v',
};

class Refusal extends Error {}

class Translator {
  #at = 0;
  #isDotAll = false;

  constructor(private readonly source: string) {}

  translate(): RegExp {
    let flags = 'u';
    const leading = /^\(\?([a-zA-Z]+)\)/.exec(this.source);
    if (leading) {
      this.#at = leading[0].length;
      for (const flag of leading[1] ?? '') {
        if (flag === 's') this.#isDotAll = true;
        else if (flag === 'i' || flag === 'm') flags += flag;
        else throw new Refusal(`the flag "${flag}" is not supported`);
      }
    }
    let out = '';
    while (this.#at < this.source.length) out += this.#next();
    return new RegExp(out, flags);
  }

  #next(): string {
    const char = String.fromCodePoint(this.source.codePointAt(this.#at) ?? 0);
    this.#at += char.length;
    if (char === '\\') return this.#escape(false);
    if (char === '[') return this.#class();
    if (char === '.') return this.#isDotAll ? '[^]' : '[^\\n]';
    if (char === '(' && this.source[this.#at] === '?') return this.#group();
    if (char === ']' || char === '}') return `\\${char}`;
    if (char === '{' && !/^\{\d+(,\d*)?\}/.test(this.source.slice(this.#at - 1))) return '\\{';
    if (char === '{') return this.#repeat();
    return char;
  }

  #repeat(): string {
    const [text] = /^\d+(,\d*)?\}/.exec(this.source.slice(this.#at)) ?? [''];
    this.#at += text.length;
    return `{${text}`;
  }

  #group(): string {
    const rest = this.source.slice(this.#at);
    if (rest.startsWith('?:')) {
      this.#at += 2;
      return '(?:';
    }
    const named = /^\?P?<([A-Za-z_]\w*)>/.exec(rest);
    if (named) {
      this.#at += named[0].length;
      return `(?<${named[1]}>`;
    }
    throw new Refusal(`the group "(${rest.slice(0, 4)}" is not supported`);
  }

  #escape(isInClass: boolean): string {
    const char = this.source[this.#at++];
    if (char === undefined) throw new Refusal('it ends in a backslash');
    const perl = PERL_CLASSES[char];
    if (perl !== undefined) return isInClass ? perl : `[${perl}]`;
    const negated = PERL_CLASSES[char.toLowerCase()];
    if (negated !== undefined && char !== char.toLowerCase()) {
      if (isInClass) throw new Refusal(`\\${char} inside a class is not supported`);
      return `[^${negated}]`;
    }
    const control = CONTROL_ESCAPES[char];
    if (control !== undefined) return control;
    if (char === 'p' || char === 'P') return this.#property(char);
    if (char === 'x') return this.#hex();
    if (!isInClass && char === 'Q') return this.#quoted();
    if (!isInClass && char === 'A') return '(?<![^])';
    if (!isInClass && char === 'z') return '(?![^])';
    if (!isInClass && (char === 'b' || char === 'B')) return `\\${char}`;
    if (/[0-9A-Za-z]/.test(char)) throw new Refusal(`the escape "\\${char}" is not supported`);
    return this.#literal(char);
  }

  #literal(char: string): string {
    return /[\^$\\.*+?()[\]{}|/-]/.test(char)
      ? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
      : char;
  }

  #property(kind: string): string {
    const match = /^(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))/.exec(this.source.slice(this.#at));
    if (!match) throw new Refusal('a Unicode class has no name');
    this.#at += match[0].length;
    const name = match[2] ?? match[3] ?? '';
    const isNegated = (kind === 'P') !== (match[1] === '^');
    const isCategory = name.length <= 2;
    return `\\${isNegated ? 'P' : 'p'}{${isCategory ? name : `Script=${name}`}}`;
  }

  #hex(): string {
    const match = /^(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/.exec(this.source.slice(this.#at));
    if (!match) throw new Refusal('a hexadecimal escape has no digits');
    this.#at += match[0].length;
    return `\\u{${match[1] ?? match[2]}}`;
  }

  #quoted(): string {
    const end = this.source.indexOf('\\E', this.#at);
    const text = this.source.slice(this.#at, end === -1 ? undefined : end);
    this.#at = end === -1 ? this.source.length : end + 2;
    return [...text].map((char) => this.#literal(char)).join('');
  }

  #class(): string {
    let out = '[';
    if (this.source[this.#at] === '^') {
      out += '^';
      this.#at++;
    }
    let isFirst = true;
    for (;;) {
      const char = this.source.codePointAt(this.#at);
      if (char === undefined) throw new Refusal('a class is not closed');
      const text = String.fromCodePoint(char);
      if (text === ']' && !isFirst) {
        this.#at++;
        return `${out}]`;
      }
      isFirst = false;
      out += this.#classItem(text);
    }
  }

  #classItem(text: string): string {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.source.slice(this.#at));
    if (posix) {
      const set = POSIX_CLASSES[posix[2] ?? ''];
      if (set === undefined || posix[1]) throw new Refusal(`the class "${posix[0]}" is not supported`);
      this.#at += posix[0].length;
      return set;
    }
    this.#at += text.length;
    if (text === '\\') return this.#escape(true);
    // A dash keeps its meaning as a range; every other special character is itself inside a class.
    return text === '-' ? this.#classDash() : /[\^$\\.*+?()[\]{}|/&]/.test(text) ? this.#literal(text) : text;
  }

  #classDash(): string {
    const before = this.source[this.#at - 2];
    const after = this.source[this.#at];
    const isEdge = before === '[' || (before === '^' && this.source[this.#at - 3] === '[') || after === ']';
    const isAfterClass = /\\[dwspDWSP]$/.test(this.source.slice(0, this.#at - 1)) || before === ']';
    return isEdge || isAfterClass ? '\\-' : '-';
  }
}

/**
 * RE2 syntax (https://github.com/google/re2/wiki/Syntax) in JavaScript's Unicode mode. What would mean
 * something else there is refused, never approximated.
 */
export function translateRe2(source: string): Re2Translation {
  try {
    return { pattern: new Translator(source).translate() };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}
