/** In a detail, the name of a replica that has none. */
export const NAMELESS = 'without a name';

/**
 * Which replicas a finding is about, as it is kept in the database: the one that found it of itself, or those that the others
 * miss or mistake. Empty: the whole installation, or a server alone; an empty name: one without a name.
 */
export function replicasMeant(finding: { replica: string; code: string; detail: string | null }): string[] {
  const { replica, code, detail } = finding;
  if (replica !== INSTALLATION) return replica === '' ? [] : [replica];
  if (code !== 'replica-silent' && code !== 'replica-name-twice') return [];
  return (detail ?? '').split(', ').map((name) => (name === NAMELESS ? '' : name));
}

/** Replica of what is found of the whole installation, in the table. */
export const INSTALLATION = '*';
