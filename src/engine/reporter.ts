/** How a long installation speaks to the person who waits. */
export interface InstallReporter {
  note(text: string): void;
  /** Bytes on disk so far, of about `totalBytes`. Called a few times a second. */
  progress(doneBytes: number, totalBytes: number): void;
  /** Ends the progress display. */
  done(): void;
}

export function formatMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

const BAR_WIDTH = 30;

/** Notes as lines; progress as one line that is redrawn, on a terminal only. */
export function createStderrReporter(stream: NodeJS.WriteStream = process.stderr): InstallReporter {
  const isTty = stream.isTTY === true;
  let isDrawn = false;
  const clear = () => {
    if (isDrawn) stream.write('\r\x1b[K');
    isDrawn = false;
  };
  return {
    note(text) {
      clear();
      stream.write(`${text}\n`);
    },
    progress(doneBytes, totalBytes) {
      if (!isTty) return;
      const share = Math.min(1, doneBytes / totalBytes);
      const filled = Math.round(share * BAR_WIDTH);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      stream.write(`\r\x1b[K${bar} ${formatMegabytes(doneBytes)} of about ${formatMegabytes(totalBytes)}`);
      isDrawn = true;
    },
    done: clear,
  };
}

export const SILENT_REPORTER: InstallReporter = {
  note: () => undefined,
  progress: () => undefined,
  done: () => undefined,
};
