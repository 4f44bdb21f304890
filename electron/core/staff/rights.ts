import type { z } from 'zod';
import type { StaffRole } from '../../../sync/protocol/wire/event.ts';
import type { METHODS, MethodName } from '../../contract/methods.ts';

export type StaffMethod = {
  [M in MethodName]: z.input<(typeof METHODS)[M]['input']> extends { token: string } ? M : never;
}[MethodName];

/** Rights within a method that a role may call. */
type Within = 'overruleDuplicate';
export type Right = StaffMethod | Within;

const EVERYONE = ['desk', 'supervisor', 'technician'] as const;
/** Enrol, look up, check in manually, take the roll call. */
const DESK = ['desk', 'supervisor'] as const;
const SUPERVISOR = ['supervisor'] as const;
/** The machine and the program, but nobody's personal data. */
const TECHNICIAN = ['technician'] as const;

/** Who may do what: the only such table. A method without an entry here does not compile, and is refused. */
export const RIGHTS = {
  staffLock: EVERYONE,
  enrolBegin: DESK,
  enrolCapture: DESK,
  enrolFinish: DESK,
  enrolByNumber: DESK,
  enrolCancel: DESK,
  reenrolments: DESK,
  enrolDuplicate: DESK,
  overruleDuplicate: SUPERVISOR,
  peopleFind: DESK,
  reviewCount: DESK,
  reviewList: DESK,
  reviewShow: DESK,
  reviewAccept: DESK,
  reviewDuplicate: DESK,
  reviewRefuse: DESK,
  cardIssue: DESK,
  cardRevoke: DESK,
  personSetPin: DESK,
  personDelete: SUPERVISOR,
  lookalikeCount: DESK,
  lookalikeList: DESK,
  lookalikeRemove: SUPERVISOR,
  staffCheckin: DESK,
  evacuationOpen: DESK,
  evacuationList: DESK,
  evacuationBegin: DESK,
  evacuationAccount: DESK,
  evacuationEnd: DESK,
  printing: DESK,
  diagnostics: EVERYONE,
  doorTest: ['supervisor', 'technician'],
  cameraChoose: ['supervisor', 'technician'],
  staffList: SUPERVISOR,
  staffLog: SUPERVISOR,
  staffAdd: SUPERVISOR,
  staffReset: SUPERVISOR,
  staffRemove: SUPERVISOR,
  staffSealPin: SUPERVISOR,
  technicianState: TECHNICIAN,
  technicianDo: TECHNICIAN,
} as const satisfies Record<Right, readonly StaffRole[]>;

export const isStaffMethod = (name: string): name is StaffMethod => name in RIGHTS && name !== 'overruleDuplicate';

/**
 * Returns whether a role may do it. The emergency PIN (null) grants a supervisor's rights, but never the technician's menu, which
 * requires a second factor.
 */
export function mayDo(role: StaffRole | null, right: Right): boolean {
  const roles: readonly StaffRole[] = RIGHTS[right];
  return roles.includes(role ?? 'supervisor');
}

export const rightsOf = (role: StaffRole | null): Right[] =>
  (Object.keys(RIGHTS) as Right[]).filter((right) => mayDo(role, right));
