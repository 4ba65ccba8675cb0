/** What signals ask for, in gunicorn's words. */
export interface SignalHandlers {
  stop(isQuick: boolean): void;
  reload(): void;
  scale(by: number): void;
  resize(to: number): void;
  reopen(): void;
  upgrade(): void;
}

/**
 * gunicorn's signals: TERM drains, INT and QUIT end at once, HUP reloads, TTIN and TTOU add and take a worker,
 * USR1 reopens the logs, USR2 starts a new program on the same socket, WINCH takes all workers away. Returns
 * what undoes it.
 */
export function listenToSignals(handlers: SignalHandlers): () => void {
  const table: Partial<Record<NodeJS.Signals, () => void>> = {
    SIGTERM: () => handlers.stop(false),
    SIGINT: () => handlers.stop(true),
    SIGQUIT: () => handlers.stop(true),
    SIGHUP: () => handlers.reload(),
    SIGTTIN: () => handlers.scale(1),
    SIGTTOU: () => handlers.scale(-1),
    SIGUSR1: () => handlers.reopen(),
    SIGUSR2: () => handlers.upgrade(),
    // A terminal sends it whenever its window changes.
    ...(process.stdout.isTTY || process.stderr.isTTY ? {} : { SIGWINCH: () => handlers.resize(0) }),
  };
  const entries = Object.entries(table) as [NodeJS.Signals, () => void][];
  for (const [name, handler] of entries) process.on(name, handler);
  return () => {
    for (const [name, handler] of entries) process.off(name, handler);
  };
}
