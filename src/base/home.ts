import { homedir, tmpdir } from 'node:os';

/**
 * The account's home, or the place for temporary files where it has none: a systemd DynamicUser, or a container's
 * user id that no passwd file knows, for which Node.js throws.
 */
export function findHome(env: NodeJS.ProcessEnv): string {
  const isHome = (dir: string | undefined): dir is string => dir !== undefined && dir !== '' && dir !== '/';
  if (isHome(env.HOME)) return env.HOME;
  try {
    const dir = homedir();
    return isHome(dir) ? dir : tmpdir();
  } catch {
    return tmpdir();
  }
}
