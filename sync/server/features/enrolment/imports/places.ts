import type { Place } from '../../../platform/keys/envelope.ts';

/** Where the envelopes of an import stand. */

/** @param person whose key it is under; null: nobody was found by its name, and it is under the environment's */
export const importPlace = (field: 'name' | 'photo' | 'template', id: string, person: string | null): Place => ({
  field: `import.${field}`,
  person,
  record: id,
  rowVersion: 1,
});

/** The operator's own words on what the people of an import have agreed to. */
export const basisPlace = (run: string): Place => ({ field: 'import.basis', person: null, record: run, rowVersion: 1 });

/** What a list beside the files says of them. */
export const mapPlace = (run: string): Place => ({ field: 'import.map', person: null, record: run, rowVersion: 1 });
