/**
 * What a commit on this server survives, from its own settings
 * (https://www.postgresql.org/docs/18/runtime-config-wal.html). They are read with every write, so that no answer names
 * a level that the server no longer gives.
 *
 * Amazon Aurora has no disk of its own that they could speak of: a commit waits for its storage, which keeps six copies in
 * three zones and acknowledges with four ("High availability for Amazon Aurora", Amazon Aurora User Guide; "Amazon Aurora
 * under the hood: quorums and correlated failure", AWS Database Blog). No statement can prove that, so it is told as what it
 * is, its vendor's word. Only whether a commit waits at all is a setting there as well.
 */
import type { DurabilityLevel } from '../../durability.ts';

/** As `daybook.durability()` gives them. */
export type DurabilitySettings = readonly [
  fsync: string,
  fullPageWrites: string,
  synchronousCommit: string,
  synchronousStandbyNames: string,
];

export interface ServerFacts {
  /** Of PostgreSQL. */
  readonly version: string;
  /** Of Amazon Aurora; undefined for every other server. */
  readonly aurora?: string | undefined;
}

export interface ServerDurability {
  readonly level: DurabilityLevel;
  readonly proof: string;
  note(settings: DurabilitySettings): void;
}

/** The settings of a session with which a commit waits for the disk here and, where there are any, on the standbys. */
const WAITS_FOR_DISKS = new Set(['on', 'remote_apply']);
const WAITS_FOR_STANDBYS = new Set([...WAITS_FOR_DISKS, 'remote_write']);

export function createServerDurability(
  { version, aurora }: ServerFacts,
  first: DurabilitySettings,
): ServerDurability {
  let settings = first;
  return {
    get level() {
      if (aurora === undefined) return levelOf(settings);
      return settings[2] === 'off' ? 'memory' : 'replicated-fsync';
    },
    get proof() {
      const [fsync, fullPageWrites, commit, standbys] = settings;
      if (aurora !== undefined)
        return (
          `Amazon Aurora ${aurora} (PostgreSQL ${version}), by Amazon's statement: a commit waits for four of six copies in ` +
          `three zones; told by the server with every write: synchronous_commit=${commit}`
        );
      return (
        `PostgreSQL ${version}, told by the server with every write: fsync=${fsync}, full_page_writes=${fullPageWrites}, ` +
        `synchronous_commit=${commit}, synchronous_standby_names='${standbys}'`
      );
    },
    note(now) {
      settings = now;
    },
  };
}

/** Without `full_page_writes` a power loss may tear a page, and what was synced is lost with it. */
export function levelOf([fsync, fullPageWrites, commit, standbys]: DurabilitySettings): DurabilityLevel {
  if (commit === 'off') return 'memory';
  const onDisk = fsync === 'on' && fullPageWrites === 'on';
  if (standbys === '' || !WAITS_FOR_STANDBYS.has(commit)) return onDisk ? 'fsync' : 'page-cache';
  return onDisk && WAITS_FOR_DISKS.has(commit) ? 'replicated-fsync' : 'replicated';
}
