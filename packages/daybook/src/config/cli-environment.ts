/**
 * The environment as the command line client sees it, and what it hands on to the programs that it starts.
 */

export interface CliEnvironment {
  /** `DAYBOOK_URL` */
  readonly url?: string;
  /** `DAYBOOK_API_KEY` */
  readonly apiKey?: string;
  /** `DAYBOOK_DATA_DIR` */
  readonly dataDir?: string;
}

/** Empty variables count as unset. */
export function readCliEnvironment(environment: NodeJS.ProcessEnv = process.env): CliEnvironment {
  const { DAYBOOK_URL: url, DAYBOOK_API_KEY: apiKey, DAYBOOK_DATA_DIR: dataDir } = environment;
  return { ...(url && { url }), ...(apiKey && { apiKey }), ...(dataDir && { dataDir }) };
}

/** For a command of the user: everything that we have, without our credential, and the given variables. */
export function commandEnvironment(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { DAYBOOK_API_KEY: _, ...rest } = process.env;
  return { ...rest, ...variables };
}

/** For a server of our own that must not take over the user's configuration. */
export function serverEnvironment(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('DAYBOOK_'));
  return { ...Object.fromEntries(inherited), ...variables };
}
