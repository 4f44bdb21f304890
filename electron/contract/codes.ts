/**
 * Every code a screen has to have words for. Those of a call, but for what belongs to one form alone (`pin-wrong`,
 * `number-taken`); and those with which a core refuses to start, or to use faces.
 */
export const CALL_CODES = [
  'storage-full',
  'storage-failed',
  'store-damaged',
  'person-unknown',
  'person-exists',
  'checkin-unknown',
  'undo-expired',
  'visit-unknown',
  'staff-pin-unset',
  'staff-locked',
  'lease-expired',
  'faces-not-allowed',
  'model-altered',
  'model-missing',
  'model-refused',
  'embedding-invalid',
  'value-altered',
  'photo-failed',
  'rpc-timeout',
  'rpc-gone',
  'rpc-busy',
  'rpc-bad-request',
  'rpc-bad-response',
  'rpc-unknown-method',
  'door-unset',
  'door-absent',
  'door-failed',
  'internal',
] as const;

/** What a code or badge may be refused with, and a way in that the site does not offer. */
export const WAY_CODES = [
  'code-unknown',
  'code-expired',
  'code-early',
  'code-used',
  'badge-unknown',
  'locked',
  'face-needed',
  'claim-unknown',
  'way-not-offered',
] as const;

/** Codes that a form of its own has words for: those of the PIN, and of the enrolment. */
export const PIN_CODES = ['pin-wrong', 'pin-locked'] as const;
export const ENROLMENT_CODES = [
  'duplicate-face',
  'number-taken',
  'pin-weak',
  'pin-without-number',
  'consent-text-missing',
  'consent-outdated',
  'enrolment-unknown',
  'capture-incomplete',
] as const;

export const REFUSAL_CODES = [
  'site-config-wrong',
  'secret-file-exposed',
  'secret-malformed',
  'secret-weak',
  'device-secret-unreadable',
  'device-secret-bad',
  'storage-failed',
  'store-missing',
  'home-not-demo',
  'model-refused',
  'lease-expired',
  'faces-not-allowed',
  'store-wrong-key',
  'store-other-machine',
  'store-in-use',
  'store-damaged',
  'store-too-new',
  'keyslots-missing',
  'keyslots-damaged',
  'device-secret-missing',
  'provisioning-secret-missing',
  'model-altered',
  'model-missing',
  'site-config-missing',
  'storage-full',
] as const;
