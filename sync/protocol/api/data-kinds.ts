import en from './data-kinds/en.json' with { type: 'json' };

/**
 * Kinds of personal data: declared by endpoints, and named in the audit log and in incident notices. Each kind is defined by its
 * texts in the folder beside this file.
 */
export type DataKind = keyof typeof en;
export const dataKinds = Object.keys(en) as [DataKind, ...DataKind[]];
