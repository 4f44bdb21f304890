import { events, photos, quarantined } from './sections/events.ts';
import { enrolmentPhotos, imports, scores, templateModels, templates, waitingEnrolments } from './sections/faces.ts';
import { accesses, consents, credentials, erasures, holds, minor, profile, signIns, sites } from './sections/person.ts';
import {
  attendance,
  attention,
  complaints,
  corrections,
  evacuations,
  lookalikes,
  possibleDuplicates,
} from './sections/records.ts';
import type { Section } from './sections/section.ts';

/**
 * What the registry's sections show. Templates last: opening them leaves an audit row of its own, whose lock is held
 * until the transaction ends.
 */
export const SECTIONS: readonly Section[] = [
  { name: 'profile', rows: profile },
  { name: 'sites', rows: sites },
  { name: 'consents', rows: consents },
  { name: 'credentials', rows: credentials },
  { name: 'attendance', rows: attendance },
  { name: 'corrections', rows: corrections },
  { name: 'events', rows: events },
  { name: 'quarantined', rows: quarantined },
  { name: 'possibleDuplicates', rows: possibleDuplicates },
  { name: 'lookalikes', rows: lookalikes },
  { name: 'holds', rows: holds },
  { name: 'erasures', rows: erasures },
  { name: 'minor', rows: minor },
  { name: 'scores', rows: scores },
  { name: 'attention', rows: attention },
  { name: 'complaints', rows: complaints },
  { name: 'evacuations', rows: evacuations },
  { name: 'signIns', rows: signIns },
  { name: 'accesses', rows: accesses },
  { name: 'photos', rows: photos },
  { name: 'imports', rows: imports },
  { name: 'enrolmentPhotos', rows: enrolmentPhotos },
  { name: 'waitingEnrolments', rows: waitingEnrolments },
  { name: 'templateModels', rows: templateModels },
  { name: 'templates', rows: templates },
];
