/**
 * What was written and what was answered, kept on the client's side, and the comparison with what is on record.
 */

/** The part of a receipt that must be found again. */
export interface Acknowledgement {
  readonly id: string;
  readonly receivedAt: string;
}

export interface Findings {
  acknowledged: number;
  /** Acknowledged, and there exactly as acknowledged. */
  found: number;
  /** Acknowledged, and not there. */
  lost: number;
  /** There more than once: an id, or one write under two ids. */
  twice: number;
  /** There with another payload or another stamp. */
  changed: number;
  /** There without an acknowledgement: cut off by a kill after it was durable. Neither promised nor wrong. */
  unanswered: number;
}

export interface Tally {
  readonly acknowledged: number;
  acknowledge(body: string, answer: Acknowledgement): void;
  /** Takes one entry as it was read back: a line of NDJSON. */
  find(line: string): void;
  findings(): Findings;
}

export function createTally(): Tally {
  const expected = new Map<string, { body: string; receivedAt: string }>();
  const seenBodies = new Set<string>();
  const foundIds = new Set<string>();
  const findings = { found: 0, twice: 0, changed: 0, unanswered: 0 };
  /** One id for two writes would hide one of them. */
  let reusedIds = 0;

  return {
    get acknowledged() {
      return expected.size + reusedIds;
    },
    acknowledge(body, { id, receivedAt }) {
      if (expected.has(id)) reusedIds += 1;
      else expected.set(id, { body, receivedAt });
    },
    find(line) {
      const { id, receivedAt, payload } = JSON.parse(line) as Acknowledgement & { payload: unknown };
      const body = JSON.stringify(payload);
      if (foundIds.has(id) || seenBodies.has(body)) findings.twice += 1;
      seenBodies.add(body);
      foundIds.add(id);
      const wanted = expected.get(id);
      if (wanted === undefined) findings.unanswered += 1;
      else if (wanted.receivedAt === receivedAt && line.includes(`"payload":${wanted.body}`))
        findings.found += 1;
      else findings.changed += 1;
    },
    findings() {
      const lost = expected.keys().reduce((sum, id) => sum + (foundIds.has(id) ? 0 : 1), reusedIds);
      return { acknowledged: expected.size + reusedIds, lost, ...findings };
    },
  };
}
