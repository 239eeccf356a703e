/**
 * The environment of a private server and its tools: nothing of the user's locale and time zone, none of the PG…
 * variables that would redirect it, no secrets. Libraries are looked for in the given folders first.
 */
export function serverEnvironment(libraryFolders: readonly string[] = []): NodeJS.ProcessEnv {
  const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME, TMPDIR, LD_LIBRARY_PATH } = process.env;
  const libraries = [...libraryFolders, LD_LIBRARY_PATH].filter(Boolean).join(':');
  return {
    PATH,
    ...(HOME && { HOME }),
    ...(TMPDIR && { TMPDIR }),
    ...(libraries && { LD_LIBRARY_PATH: libraries, DYLD_LIBRARY_PATH: libraries }),
    LC_ALL: 'C',
    TZ: 'UTC',
  };
}
