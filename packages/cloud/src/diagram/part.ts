/**
 * A part of a picture: a box with its title and what the templates say of it. A part is shown where its resource is.
 */
import type { Found } from './references.ts';

export type PartName =
  | 'callers'
  /** Route 53, before the regions. */
  | 'routing'
  | 'front'
  | 'cdn'
  | 'files'
  | 'authorizer'
  | 'probe'
  | 'health'
  | 'api'
  | 'persister'
  | 'deadLetters'
  | 'web'
  | 'main'
  | 'crashed'
  | 'table'
  | 'database'
  | 'objects';

export interface Part {
  readonly name: PartName;
  readonly kind: 'caller' | 'front' | 'function' | 'queue' | 'store';
  readonly title: string;
  readonly lines: readonly string[];
  /** Whether it is in the network of the deployment. */
  readonly inside: boolean;
  /** Absent for callers, and for what stands before regions. */
  readonly resource?: Found;
}
